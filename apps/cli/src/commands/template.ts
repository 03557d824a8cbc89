import { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { snapshotListCommand } from './snapshot-ls.ts';
import { snapshotRemoveCommand } from './snapshot-rm.ts';
import { templateBuildCommand } from './template-build.ts';
import { templateBuildsCommand } from './template-builds.ts';
import { templateCancelCommand } from './template-cancel.ts';
import { templateLogsCommand } from './template-logs.ts';

export function templateCommand(context: CommandContext): Command {
  return new Command('template')
    .summary('build, list and delete templates')
    .description('Build, list and delete what capsules are created from.')
    .enablePositionalOptions()
    .addCommand(templateBuildCommand(context))
    .addCommand(templateBuildsCommand(context))
    .addCommand(templateLogsCommand(context))
    .addCommand(templateCancelCommand(context))
    .addCommand(
      snapshotListCommand(context)
        .summary('list templates')
        .description("List what capsules can be created from, the team's and the platform's, newest first."),
    )
    .addCommand(
      snapshotRemoveCommand(context)
        .summary('delete templates')
        .description('Delete templates. Capsules that were created from them keep what they need.'),
    );
}
