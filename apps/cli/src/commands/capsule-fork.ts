import type { Command } from 'commander';
import { type ClientFlags, clientCommand, openClient } from '../client/client-command.ts';
import { type CommandContext, printJson, printLine, say } from '../context.ts';
import { exitCodes } from '../exit-code.ts';
import { addTimeoutOption, type TimeoutFlags, timeoutOf, wholeNumber } from './options.ts';

interface Flags extends ClientFlags, TimeoutFlags {
  readonly count?: number;
}

export function capsuleForkCommand(context: CommandContext): Command {
  return addTimeoutOption(clientCommand('fork'), "the capsule's")
    .summary('start capsules from the state of one')
    .description(
      'Start capsules from the state that one has now, and print their IDs. It goes on as it was, running or paused.',
    )
    .argument('<id>', 'ID of the capsule')
    .option('-n, --count <count>', 'how many (default: 1)', wholeNumber(1))
    .action(async (id: string, flags: Flags) => {
      const { capsules } = await openClient(flags, context);
      const count = flags.count === undefined ? {} : { count: flags.count };
      const forked = await capsules.fork(id, { ...count, ...timeoutOf(flags) });
      if (flags.json === true) printJson(context, forked);
      else for (const child of forked.capsules) printLine(context, child.id);
      for (const child of forked.failed) say(context, `${child.id} could not be started: ${child.message}`);
      if (forked.failed.length > 0) context.exit(exitCodes.failure);
    });
}
