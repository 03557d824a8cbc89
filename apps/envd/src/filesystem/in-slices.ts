import { setImmediate } from 'node:timers/promises';
import type { Account } from '../users/accounts.ts';
import { asUser } from '../users/as-user.ts';

/**
 * Long work in short steps, each done as the user. What it yields between two of them is nothing, or what must settle
 * before the next: work on descriptors, which needs no user. It releases its descriptors by `using`, which happens as
 * root when it is broken off.
 */
export type Steps<T> = Generator<Promise<void> | undefined, T, undefined>;

/** Terminals are on the same event loop. */
const sliceMs = 5;

/**
 * Runs `steps` as `account`, as many at a time as fit into a slice, and lets everything else run in between. Throws
 * what a step does, and the reason of `signal` when that aborts. Either way the steps are at their end when it returns.
 */
export async function inSlices<T>(account: Account, steps: Steps<T>, signal: AbortSignal): Promise<T> {
  using _ = steps;
  for (;;) {
    signal.throwIfAborted();
    const { done, value } = asUser(account, () => runSlice(steps));
    if (done) return value;
    await (value ?? setImmediate());
  }
}

/** The last step's result: the end, what must be waited for, or nothing since the time is over. */
function runSlice<T>(steps: Steps<T>): IteratorResult<Promise<void> | undefined, T> {
  const end = performance.now() + sliceMs;
  for (;;) {
    const result = steps.next();
    if (result.done || result.value !== undefined || performance.now() >= end) return result;
  }
}
