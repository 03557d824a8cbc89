import type { Command } from 'commander';
import { BuildAccess, type BuildFlags, buildCommand } from '../client/build-access.ts';
import { type CommandContext, printJson } from '../context.ts';
import { StopSignals } from '../stop-signals.ts';
import { exitOnInsistence } from './insistence.ts';

export function templateLogsCommand(context: CommandContext): Command {
  return buildCommand('logs')
    .summary('show the log of a build')
    .description('Show the log of a build from its beginning, and as it grows until the build is over.')
    .argument('<build-id>', 'ID of the build')
    .action(async (id: string, flags: BuildFlags) => {
      const { BuildPrinter } = await import('../templates/build-printer.ts');
      using stop = new StopSignals(exitOnInsistence);
      const { stdout, colors } = context;
      // Whoever reads it went away (`| head`).
      const closed = () => stop.stop('nobody reads the output any more');
      stdout.once('error', closed);
      await using access = await BuildAccess.open(flags, context);
      const { totalSteps } = await access.builds.get(id);
      const printer = new BuildPrinter({ write: (text) => void stdout.write(text), colors, totalSteps });
      try {
        for await (const event of access.builds.follow(id, {}, { signal: stop.signal })) {
          if (flags.json === true) printJson(context, event);
          else if (event.type !== 'over') printer.show(event);
        }
      } finally {
        printer.finish();
        stdout.off('error', closed);
      }
    });
}
