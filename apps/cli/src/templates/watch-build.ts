import { WrennError } from '@wrenn/core';
import { type Build, type Builds, WrennApiError } from '@wrenn/sdk';
import { type CommandContext, say } from '../context.ts';
import { describeFault } from '../describe-fault.ts';
import { colorsFor } from '../output/colors.ts';
import { BuildPrinter } from './build-printer.ts';

const cancelMs = 30_000;

/** Shows a build to its end on standard error, and returns how it ended. When `signal` is aborted it is cancelled. */
export async function watchBuild(
  builds: Builds,
  { id, totalSteps }: Build,
  context: CommandContext,
  signal: AbortSignal,
): Promise<Build> {
  const { stderr, environment } = context;
  const write = (text: string) => void stderr.write(text);
  const printer = new BuildPrinter({ write, colors: colorsFor(stderr, environment), totalSteps });
  try {
    signal.throwIfAborted();
    for await (const event of builds.follow(id, {}, { signal })) {
      if (event.type === 'over') return event.build;
      printer.show(event);
    }
    throw new WrennError('internal_error', 'the log ended before the build');
  } catch (thrown) {
    printer.finish();
    if (signal.aborted) await cancel(builds, id, context);
    else say(context, `the build goes on: see it with \`wrenn template logs ${id}\``);
    throw thrown;
  } finally {
    printer.finish();
  }
}

async function cancel(builds: Builds, id: string, context: CommandContext): Promise<void> {
  try {
    await builds.cancel(id, { signal: AbortSignal.timeout(cancelMs) });
    say(context, `cancelled the build ${id}`);
  } catch (thrown) {
    const isOver = thrown instanceof WrennApiError && thrown.code === 'invalid_state';
    if (!isOver) say(context, `the build ${id} could not be cancelled: ${describeFault(thrown)}`);
  }
}
