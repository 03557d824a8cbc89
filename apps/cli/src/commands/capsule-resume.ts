import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import type { CommandContext } from '../context.ts';
import { doEach } from './each.ts';
import { addTimeoutOption, type TimeoutFlags, timeoutOf } from './options.ts';

type Flags = ClientFlags & TimeoutFlags;

export function capsuleResumeCommand(context: CommandContext): Command {
  return addTimeoutOption(clientCommand('resume'), 'as before')
    .summary('let paused capsules go on')
    .description(
      'Let paused capsules go on where they were, and print the ID of each when commands can be run in it.',
    )
    .argument('<id...>', 'IDs of capsules')
    .action(async (names: string[], flags: Flags) => {
      const { capsules } = await openClient(flags, context);
      const output = flags.json === true ? 'json' : 'text';
      const act = (id: string) => capsules.resume(id, timeoutOf(flags));
      await doEach({ names, past: 'resumed', output, act }, context);
    });
}
