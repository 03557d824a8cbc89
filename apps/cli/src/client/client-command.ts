import { parseConfig } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { Command } from 'commander';
import { clientSettings } from '../config.ts';
import type { CommandContext } from '../context.ts';
import { findConnection } from './connection.ts';

export interface ClientFlags {
  readonly url?: string;
  readonly apiKey?: string;
  readonly json?: true;
}

/** A command that talks to the API: with the flags that say where it is and who asks, and `--json`. */
export function clientCommand(name: string): Command {
  return new Command(name)
    .option('--url <address>', 'address of the API (default: WRENN_BASE_URL, else the one on this machine)')
    .option(
      '--api-key <key>',
      'default: WRENN_API_KEY, which other users cannot see as they can a command line',
    )
    .option('--json', 'print JSON');
}

export async function openClient(flags: ClientFlags, context: CommandContext): Promise<WrennClient> {
  return new WrennClient(await findConnection(flags, parseConfig(clientSettings, context.environment)));
}
