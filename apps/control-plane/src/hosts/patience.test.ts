import { describe, expect, it } from 'vitest';
import { Patience } from './patience.ts';

const never = new AbortController().signal;
const silent = new Patience(() => Promise.reject(new Error('nothing came')), 1);
const unavailable = { code: 'host_unavailable', retryable: true };

/** Settles when the signal aborts, and not before. */
function untilAborted(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
}

describe('a call', () => {
  it('is answered', async () => {
    expect(await silent.answer(async () => 'answer', never)).toBe('answer');
  });

  it('is ended when the host is silent', async () => {
    let given = never;
    const made = (signal: AbortSignal) => {
      given = signal;
      return untilAborted(signal);
    };
    await expect(silent.answer(made, never)).rejects.toMatchObject(unavailable);
    expect(given.aborted).toBe(true);
  });

  it('ends with its caller', async () => {
    const caller = new AbortController();
    const answer = new Patience(async () => undefined, 1).answer(untilAborted, caller.signal);
    caller.abort(new Error('gone'));
    await expect(answer).rejects.toThrow('gone');
  });

  it('is waited for as long as the host is there, which of many that wait one asks', async () => {
    const answer = Promise.withResolvers<string>();
    let asking = 0;
    let most = 0;
    let asked = 0;
    const patience = new Patience(async () => {
      asking += 1;
      most = Math.max(most, asking);
      await new Promise((resolve) => setTimeout(resolve, 5));
      asking -= 1;
      asked += 1;
      if (asked === 3) answer.resolve('at last');
    }, 1);
    const calls = Array.from({ length: 5 }, () => patience.answer(() => answer.promise, never));
    expect(new Set(await Promise.all(calls))).toEqual(new Set(['at last']));
    expect(most).toBe(1);
  });
});

describe('a stream', () => {
  async function* counting(signal: AbortSignal) {
    yield 1;
    yield 2;
    await untilAborted(signal);
  }

  it('is passed on', async () => {
    const two = silent.stream(async function* () {
      yield 1;
      yield 2;
    }, never);
    const seen: number[] = [];
    for await (const each of two) seen.push(each);
    expect(seen).toEqual([1, 2]);
  });

  it('is ended when nothing comes of it and the host is silent', async () => {
    let given = never;
    const stream = silent.stream(async function* (signal) {
      given = signal;
      yield await untilAborted(signal);
    }, never);
    await expect(stream.next()).rejects.toMatchObject(unavailable);
    expect(given.aborted).toBe(true);
  });

  it('of which something came may be silent for any time', async () => {
    const caller = new AbortController();
    const stream = silent.stream(counting, caller.signal);
    expect([await stream.next(), await stream.next()]).toMatchObject([{ value: 1 }, { value: 2 }]);
    const third = stream.next();
    // Whoever still waits for a first message is told meanwhile that the host is out of reach.
    await expect(silent.answer(untilAborted, never)).rejects.toMatchObject(unavailable);
    caller.abort(new Error('gone'));
    await expect(third).rejects.toThrow('gone');
  });

  it('is ended when its consumer leaves', async () => {
    let given = never;
    const stream = silent.stream((signal) => {
      given = signal;
      return counting(signal);
    }, never);
    await stream.next();
    await stream.return();
    expect(given.aborted).toBe(true);
  });
});
