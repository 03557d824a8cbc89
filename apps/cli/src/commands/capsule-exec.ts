import { WrennError } from '@wrenn/core';
import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import type { CommandContext } from '../context.ts';
import { runInForeground, standardInputFor } from '../exec/foreground.ts';
import { StopSignals } from '../stop-signals.ts';
import { commandAfterId } from './command-after-id.ts';
import { exitOnInsistence } from './insistence.ts';
import { addExecOptions, type ExecFlags, execOf } from './options.ts';

type Flags = ClientFlags & ExecFlags;

const usage = 'wrenn capsule exec [options] ID [--] COMMAND [ARGUMENT...]';

export function capsuleExecCommand(context: CommandContext): Command {
  return addExecOptions(clientCommand('exec'))
    .summary('run a command in a capsule')
    .description('Run a command in a capsule. Input, output and exit code are passed through.')
    .argument('<id>', 'ID of the capsule')
    .argument('<command...>', 'the command and its arguments; there is no shell around it')
    .passThroughOptions()
    .action(async (id: string, rest: string[], flags: Flags) => {
      const command = commandAfterId(rest, usage);
      if (command.length === 0)
        throw new WrennError('invalid_request', 'there is no command', { remedy: usage });
      using stop = new StopSignals(exitOnInsistence);
      const client = await openClient(flags, context);
      const input = await standardInputFor({ context, stop }, flags.stdin);
      const stdin = input === undefined ? {} : { stdin: input };
      const output = flags.json === true ? 'json' : 'stream';
      const request = { ...execOf(command, flags), ...stdin };
      context.exit(await runInForeground({ client, context, stop, output }, id, request));
    });
}
