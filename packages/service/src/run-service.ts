import {
  describeError,
  parseSupervisorMessage,
  type Report,
  type ServiceMessage,
  type StopMode,
  WrennError,
} from '@wrenn/core';
import { createLogger, type Logger, type LogLevel } from './logger.ts';

export interface ServiceContext {
  readonly log: Logger;
  /** Progress of a long start, shown by the supervisor or, without one, logged. */
  readonly report: Report;
  /** Aborts when the process is told to stop before it is ready. */
  readonly signal: AbortSignal;
}

export interface RunningService {
  /** Shown by the supervisor: addresses, versions. */
  readonly facts: Readonly<Record<string, string>>;
  stop(mode: StopMode): Promise<void>;
}

/** How long a stop may take before the process gives up and says so. */
const stopDeadlineMs = 60_000;

/**
 * The life of one of Wrenn's processes: start, say that it is ready, stop once when told to.
 *
 * It stops on SIGTERM and SIGINT, on the supervisor's `shutdown`, and when the supervisor is gone (its IPC channel
 * closes even after a `kill -9`). A fault at the start is one line with its remedy and exit code 1.
 */
export async function runService(
  name: string,
  level: LogLevel,
  start: (context: ServiceContext) => Promise<RunningService>,
): Promise<void> {
  const log = createLogger(name, level);
  const stopping = new AbortController();
  const asked = Promise.withResolvers<StopMode>();
  const stop = (mode: StopMode) => {
    stopping.abort(new WrennError('cancelled', `${name} was told to stop`));
    asked.resolve(mode);
  };
  process.on('SIGTERM', () => stop('leave'));
  process.on('SIGINT', () => stop('leave'));
  process.on('disconnect', () => stop('leave'));
  process.on('message', (message) => {
    const order = parseSupervisorMessage(message);
    if (order !== undefined) stop(order.mode);
  });

  try {
    const running = await start({
      log,
      report: (progress) => tell({ type: 'progress', progress }),
      signal: stopping.signal,
    });
    tell({ type: 'ready', facts: running.facts });
    log.info(running.facts, 'ready');
    const mode = await asked.promise;
    const watchdog = setTimeout(() => {
      log.error({ ms: stopDeadlineMs }, 'did not stop in time; exiting');
      process.exit(1);
    }, stopDeadlineMs);
    await running.stop(mode);
    clearTimeout(watchdog);
    log.info('stopped');
    process.exit(0);
  } catch (thrown) {
    if (stopping.signal.aborted) process.exit(0);
    const error = WrennError.from(thrown, `${name} could not run: ${describeError(thrown)}`);
    log.fatal({ code: error.code, remedy: error.remedy, cause: describeError(thrown) }, error.message);
    tell({ type: 'fault', code: error.code, message: error.message, remedy: error.remedy });
    process.exit(1);
  }
}

/** Sends to the supervisor, if there is one that still listens. */
function tell(message: ServiceMessage): void {
  if (process.connected) process.send?.(message);
}
