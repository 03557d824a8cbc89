import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { together } from './together.ts';

const never = new AbortController().signal;

describe('tasks that run together', () => {
  it('are all waited for', async () => {
    const done: string[] = [];
    const task = (name: string) => async () => void done.push(name);
    await together([task('a'), task('b')], never);
    expect(done).toEqual(['a', 'b']);
  });

  it('are told when one fails, and waited for before the fault is thrown', async () => {
    let hasEnded = false;
    const slow = async (signal: AbortSignal) => {
      await delay(60_000, undefined, { signal }).catch(() => undefined);
      await delay(5);
      hasEnded = true;
      throw new Error('a fault that follows from the abort');
    };
    const failing = async () => {
      throw new Error('the first fault');
    };
    await expect(together([slow, failing], never)).rejects.toThrow('the first fault');
    expect(hasEnded).toBe(true);
  });

  it('end with the reason of the signal when they are interrupted', async () => {
    const stop = new AbortController();
    const task = (signal: AbortSignal) => delay(60_000, undefined, { signal });
    const running = together([task], stop.signal);
    stop.abort(new Error('interrupted'));
    await expect(running).rejects.toThrow('interrupted');
  });
});
