import type { Build } from '@wrenn/sdk';
import type { Command } from 'commander';
import { BuildAccess, type BuildFlags, buildCommand } from '../client/build-access.ts';
import { type CommandContext, printJson, printLine } from '../context.ts';
import { formatAge, formatDuration } from '../output/duration.ts';
import { formatTable } from '../output/table.ts';
import { wholeNumber } from './options.ts';

interface Flags extends BuildFlags {
  readonly limit?: number;
}

export function templateBuildsCommand(context: CommandContext): Command {
  return buildCommand('builds')
    .summary('list builds')
    .description('List the builds of the team, newest first.')
    .option('--limit <count>', 'how many, up to 200 (default: 50)', wholeNumber(1))
    .action(async (flags: Flags) => {
      await using access = await BuildAccess.open(flags, context);
      const found = await access.builds.list(flags.limit === undefined ? {} : { limit: flags.limit });
      if (flags.json === true) {
        printJson(context, found);
        return;
      }
      const now = Date.now();
      const rows = found.map((build) => rowOf(build, now));
      const head = ['ID', 'NAME', 'STATUS', 'STEP', 'TIME', 'AGE'];
      for (const line of formatTable(head, rows, context.colors)) printLine(context, line);
    });
}

function rowOf(build: Build, now: number): string[] {
  const { startedAt, completedAt, createdAt } = build;
  return [
    build.id,
    build.name,
    build.status,
    `${build.currentStep}/${build.totalSteps}`,
    startedAt === undefined ? '-' : formatDuration((completedAt?.getTime() ?? now) - startedAt.getTime()),
    formatAge(now - createdAt.getTime()),
  ];
}
