import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import type { CommandContext } from '../context.ts';
import { doEach } from './each.ts';

export function capsulePauseCommand(context: CommandContext): Command {
  return clientCommand('pause')
    .summary('take capsules to disk')
    .description(
      'Take capsules to disk with memory, processes and files, and print the ID of each that is safe there.',
    )
    .argument('<id...>', 'IDs of capsules')
    .action(async (names: string[], flags: ClientFlags) => {
      const { capsules } = await openClient(flags, context);
      const output = flags.json === true ? 'json' : 'text';
      await doEach({ names, past: 'paused', output, act: (id) => capsules.pause(id) }, context);
    });
}
