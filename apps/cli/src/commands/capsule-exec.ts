import { WrennError } from '@wrenn/core';
import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import type { CommandContext } from '../context.ts';
import { runInForeground, standardInputFor } from '../exec/foreground.ts';
import { StopSignals } from '../stop-signals.ts';
import { exitOnInsistence } from './insistence.ts';
import { addExecOptions, type ExecFlags, execOf } from './options.ts';

type Flags = ClientFlags & ExecFlags;

export function capsuleExecCommand(context: CommandContext): Command {
  return addExecOptions(clientCommand('exec'))
    .summary('run a command in a capsule')
    .description('Run a command in a capsule. Input, output and exit code are passed through.')
    .argument('<id>', 'ID of the capsule')
    .argument('<command...>', 'the command and its arguments; there is no shell around it')
    .passThroughOptions()
    .action(async (id: string, rest: string[], flags: Flags) => {
      const command = commandIn(rest);
      using stop = new StopSignals(exitOnInsistence);
      const client = await openClient(flags, context);
      const input = await standardInputFor({ context, stop }, flags.stdin);
      const stdin = input === undefined ? {} : { stdin: input };
      const output = flags.json === true ? 'json' : 'stream';
      const request = { ...execOf(command, flags), ...stdin };
      context.exit(await runInForeground({ client, context, stop, output }, id, request));
    });
}

/** After the ID everything belongs to the command, except the `--` that people put before it. */
function commandIn(rest: readonly string[]): readonly string[] {
  const command = rest[0] === '--' ? rest.slice(1) : rest;
  const isOption = rest[0] !== '--' && rest[0]?.startsWith('-');
  if (command.length > 0 && !isOption) return command;
  throw new WrennError(
    'invalid_request',
    isOption ? `${rest[0]} comes after the ID` : 'there is no command',
    {
      remedy: 'wrenn capsule exec [options] ID [--] COMMAND [ARGUMENT...]',
    },
  );
}
