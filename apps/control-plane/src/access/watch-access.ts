import { describeError, errorCodes, pause, WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import { type Admission, requireStillAllowed } from './still-allowed.ts';

/** Between two looks at whether somebody who was let in would still be. */
export const accessEveryMs = 5_000;

/** Asks again and again; returns why somebody is not allowed any more, or undefined when `signal` aborts before. */
export async function watchAccess(
  { database, log }: Pick<ServerContext, 'database' | 'log'>,
  admission: Admission,
  everyMs: number,
  signal: AbortSignal,
): Promise<WrennError | undefined> {
  while (!signal.aborted) {
    try {
      await pause(everyMs, signal);
      await requireStillAllowed(database, admission);
    } catch (thrown) {
      if (signal.aborted) return undefined;
      const error = WrennError.from(thrown, 'asking whether somebody is still allowed');
      if (errorCodes[error.code].status < 500) return error;
      // Nobody was refused: it is asked again.
      log.warn({ cause: describeError(error) }, 'asking whether somebody is still allowed');
    }
  }
  return undefined;
}
