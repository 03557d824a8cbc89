import type { StopMode } from '@wrenn/core';
import type { LogLevel } from './logger.ts';
import { QuietLimit } from './quiet-limit.ts';
import { linkToSupervisor, type ServiceContext } from './supervisor-link.ts';
import { flushTraces } from './tracing/flush.ts';

export interface RunningService {
  /** Shown by the supervisor: addresses, versions. */
  readonly facts: Readonly<Record<string, string>>;
  stop(mode: StopMode): Promise<void>;
}

/** How long a stop may go on without a word of progress before the process gives up and says so. */
const quietStopMs = 60_000;

/** The life of one of Wrenn's processes: start, say that it is ready, stop once when told to. Ends the process. */
export async function runService(
  name: string,
  level: LogLevel,
  start: (context: ServiceContext) => Promise<RunningService>,
): Promise<never> {
  const link = linkToSupervisor(name, level);
  let stopping: QuietLimit | undefined;
  const context: ServiceContext = {
    ...link,
    report(progress) {
      stopping?.heard();
      link.report(progress);
    },
  };
  try {
    const running = await start(context);
    await link.ready(running.facts);
    const mode = await link.stopAsked;
    stopping = new QuietLimit(quietStopMs, () => {
      link.log.error({ ms: quietStopMs }, 'did not stop in time; exiting');
      process.exit(1);
    });
    await running.stop(mode);
    link.log.info('stopped');
    await flushTraces();
    process.exit(0);
  } catch (thrown) {
    await link.fault(thrown);
    process.exit(1);
  }
}

/** A process that does one thing and ends; its result is what it says when it is ready. Ends the process. */
export async function runTask(
  name: string,
  level: LogLevel,
  work: (context: ServiceContext) => Promise<Readonly<Record<string, string>>>,
): Promise<never> {
  const link = linkToSupervisor(name, level);
  try {
    await link.ready(await work(link));
    // With the code that the work has set, if it has.
    process.exit();
  } catch (thrown) {
    await link.fault(thrown);
    process.exit(1);
  }
}
