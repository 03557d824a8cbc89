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
  /** Aborts when the process is told to stop. */
  readonly signal: AbortSignal;
}

/** A process's two ways to whoever started it: what it is told, and what it says. */
export interface SupervisorLink extends ServiceContext {
  /** Settles when the process is told to stop. */
  readonly stopAsked: Promise<StopMode>;
  ready(facts: Readonly<Record<string, string>>): Promise<void>;
  /** Says in one line why the process cannot run, and what helps. */
  fault(thrown: unknown): Promise<void>;
}

/**
 * A process is told to stop by SIGTERM or SIGINT, by the supervisor's `shutdown`, and by the supervisor's end: its
 * IPC channel closes even after a `kill -9`.
 */
export function linkToSupervisor(name: string, level: LogLevel): SupervisorLink {
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

  return {
    log,
    signal: stopping.signal,
    stopAsked: asked.promise,
    report(progress) {
      if (process.connected) void tell({ type: 'progress', progress });
      else log.info(progress, 'progress');
    },
    async ready(facts) {
      log.info(facts, 'ready');
      await tell({ type: 'ready', facts });
    },
    async fault(thrown) {
      const error = WrennError.from(thrown, `${name} could not run: ${describeError(thrown)}`);
      log.fatal({ code: error.code, remedy: error.remedy, cause: describeError(error.cause) }, error.message);
      await tell({ type: 'fault', code: error.code, message: error.message, remedy: error.remedy });
    },
  };
}

/** Settles when the message is on its way, since an exit right after it would lose it; without a supervisor at once. */
function tell(message: ServiceMessage): Promise<void> {
  const sent = Promise.withResolvers<void>();
  // A supervisor that is just going away cannot be told anything; its end is noticed by 'disconnect'.
  if (process.connected && process.send !== undefined) process.send(message, () => sent.resolve());
  else sent.resolve();
  return sent.promise;
}
