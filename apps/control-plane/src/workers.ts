import { describeError, pause } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { workerFailures } from './metrics/metrics.ts';
import type { Worker } from './worker.ts';

const firstPauseMs = 500;
const longestPauseMs = 30_000;

/** Runs the workers until the signal aborts; returns when all have ended. One that fails is run again after a pause. */
export async function runWorkers(
  workers: readonly Worker[],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(workers.map((worker) => keepRunning(worker, log, signal)));
}

async function keepRunning(worker: Worker, log: Logger, signal: AbortSignal): Promise<void> {
  let pauseMs = firstPauseMs;
  while (!signal.aborted) {
    const began = Date.now();
    try {
      await worker.run(signal);
      return;
    } catch (thrown) {
      if (signal.aborted) return;
      workerFailures.inc({ worker: worker.name });
      log.error(
        { worker: worker.name, cause: describeError(thrown) },
        'a worker failed; it is started again',
      );
    }
    pauseMs = Date.now() - began > longestPauseMs ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs);
    // An abort ends the pause; the loop's condition sees it.
    await pause(pauseMs, signal).catch(() => undefined);
  }
}
