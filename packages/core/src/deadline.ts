import { setTimeout as delay } from 'node:timers/promises';
import { WrennError } from './errors.ts';

/** A signal that aborts when `signal` does, or after `ms` with a `deadline_exceeded` that says `doing`. */
export function deadline(ms: number, doing: string, signal?: AbortSignal): AbortSignal & Disposable {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new WrennError('deadline_exceeded', `${doing}: took longer than ${ms} ms`)),
    ms,
  );
  const stop = () => controller.abort(signal?.reason);
  if (signal?.aborted) stop();
  else signal?.addEventListener('abort', stop, { once: true });
  return Object.assign(controller.signal, {
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener('abort', stop);
    },
  });
}

/**
 * Asks `attempt` until it yields something other than undefined; throws the signal's reason when that aborts.
 * For conditions that cannot be waited for as events; `everyMs` is the pause between two attempts.
 */
export async function until<T>(
  attempt: () => Promise<T | undefined> | T | undefined,
  everyMs: number,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const found = await attempt();
    if (found !== undefined) return found;
    await pause(everyMs, signal);
  }
}

/** Sleeps; throws the signal's own reason (not a bare AbortError) when that aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (thrown) {
    signal.throwIfAborted();
    throw thrown;
  }
}

/** Settles as `promise`, or rejects with the signal's reason as soon as that aborts. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const stop = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
