import type { Command } from 'commander';
import { BuildAccess, type BuildFlags, buildCommand } from '../client/build-access.ts';
import type { CommandContext } from '../context.ts';
import { doEach } from './each.ts';

export function templateCancelCommand(context: CommandContext): Command {
  return buildCommand('cancel')
    .summary('cancel builds')
    .description('Cancel builds. The steps that were done are kept for the next.')
    .argument('<build-id...>', 'IDs of builds')
    .action(async (ids: string[], flags: BuildFlags) => {
      await using access = await BuildAccess.open(flags, context);
      const output = flags.json === true ? 'json' : 'text';
      const act = async (id: string) => {
        await access.builds.cancel(id);
        return id;
      };
      await doEach({ names: ids, past: 'cancelled', output, act }, context);
    });
}
