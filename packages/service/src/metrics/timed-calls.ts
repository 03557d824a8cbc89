import type { Interceptor } from '@connectrpc/connect';
import { errorCodes } from '@wrenn/core';
import type { Histogram } from 'prom-client';
import { codeOf } from '../error-code.ts';

/** `refused`: for a reason that is the asker's, or the state of what was asked for. `failed`: for one of ours. */
export type Outcome = 'ok' | 'refused' | 'failed';

export function outcomeOf(thrown: unknown): Exclude<Outcome, 'ok'> {
  return errorCodes[codeOf(thrown)].status < 500 ? 'refused' : 'failed';
}

/** Measures the work, by how it ended. */
export async function timed<T>(
  observe: (outcome: Outcome, seconds: number) => void,
  work: () => Promise<T>,
): Promise<T> {
  const began = performance.now();
  let outcome: Outcome = 'ok';
  try {
    return await work();
  } catch (thrown) {
    outcome = outcomeOf(thrown);
    throw thrown;
  } finally {
    observe(outcome, (performance.now() - began) / 1000);
  }
}

/** Measures calls by their methods. Streams last as long as somebody looks: of them it is the time to their beginning. */
export function timedCalls(histogram: Histogram<'method' | 'outcome'>): Interceptor {
  return (next) => (call) => {
    const { name: method } = call.method;
    return timed(
      (outcome, seconds) => histogram.observe({ method, outcome }, seconds),
      () => next(call),
    );
  };
}
