import { WrennError } from '@wrenn/core';
import type { Ports } from '@wrenn/sdk';
import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { portNumber, wholeNumber } from './options.ts';

interface Flags extends ClientFlags {
  readonly expires?: number;
}

export function capsulePortCommand(context: CommandContext): Command {
  return clientCommand('port')
    .summary('print an address of a port of a capsule, or its ports')
    .description(
      'Print an address of a port: its own where the ports of the capsule are public, else a link that opens it for whoever has it. Without a port, those that something in the capsule listens on, one a line.',
    )
    .argument('<id>', 'ID of a capsule')
    .argument('[port]', 'port that a program in it listens on', portNumber)
    .option('--expires <seconds>', 'how long the link holds (default: 3600)', wholeNumber(1))
    .action(async (id: string, port: number | undefined, flags: Flags) => {
      const { ports } = await openClient(flags, context);
      if (port === undefined) return await printPorts(context, ports, id, flags);
      const url = await urlOf(ports, id, port, flags);
      if (flags.json === true) printJson(context, url);
      else printLine(context, url.url);
    });
}

async function printPorts(context: CommandContext, ports: Ports, id: string, flags: Flags): Promise<void> {
  if (flags.expires !== undefined) {
    throw new WrennError('invalid_request', '--expires is of the link to a port', {
      remedy: 'wrenn capsule port ID PORT --expires SECONDS',
    });
  }
  const listening = await ports.list(id);
  if (flags.json === true) printJson(context, { ports: listening });
  else for (const each of listening) printLine(context, String(each));
}

async function urlOf(
  ports: Ports,
  id: string,
  port: number,
  { expires }: Flags,
): Promise<{ readonly url: string; readonly expiresAt?: Date }> {
  const { publicPorts, urlTemplate } = await ports.access(id);
  if (publicPorts && expires === undefined) return { url: urlTemplate.replace('{port}', String(port)) };
  return await ports.link(id, port, expires === undefined ? {} : { expiresInSec: expires });
}
