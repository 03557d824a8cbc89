import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { KeyedLock } from './keyed-lock.ts';

const never = new AbortController().signal;

describe('KeyedLock', () => {
  test.prop([fc.array(fc.constantFrom('a', 'b'), { maxLength: 20 })])(
    'never lets two holders of one key overlap, and serves in order',
    async (keys) => {
      const lock = new KeyedLock<string>(20);
      const inside = new Map<string, number>();
      const order = new Map<string, number[]>();
      await Promise.all(
        keys.map((key, index) =>
          lock.hold(key, never, async () => {
            expect(inside.get(key) ?? 0).toBe(0);
            inside.set(key, 1);
            order.set(key, [...(order.get(key) ?? []), index]);
            await Promise.resolve();
            inside.set(key, 0);
          }),
        ),
      );
      for (const indexes of order.values()) expect(indexes).toEqual(indexes.toSorted((a, b) => a - b));
    },
  );

  it('lets who gave up waiting not break the order of the others', async () => {
    const lock = new KeyedLock<string>();
    const first = Promise.withResolvers<void>();
    const stop = new AbortController();
    const log: string[] = [];
    const holding = lock.hold('a', never, async () => {
      await first.promise;
      log.push('first');
    });
    const impatient = lock.hold('a', stop.signal, async () => void log.push('impatient'));
    const third = lock.hold('a', never, async () => void log.push('third'));
    stop.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    first.resolve();
    await Promise.all([holding, third]);
    expect(log).toEqual(['first', 'third']);
  });

  it('stays held when the only one that waited gave up', async () => {
    const lock = new KeyedLock<string>();
    const first = Promise.withResolvers<void>();
    const stop = new AbortController();
    const log: string[] = [];
    const holding = lock.hold('a', never, async () => {
      await first.promise;
      log.push('first');
    });
    const impatient = lock.hold('a', stop.signal, async () => void log.push('impatient'));
    stop.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    const late = lock.hold('a', never, async () => void log.push('late'));
    await Promise.resolve();
    first.resolve();
    await Promise.all([holding, late]);
    expect(log).toEqual(['first', 'late']);
  });

  it('is free again after a fault', async () => {
    const lock = new KeyedLock<string>();
    await expect(lock.hold('a', never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    await expect(lock.hold('a', never, async () => 'free')).resolves.toBe('free');
  });

  it('is idle when the last one has let go', async () => {
    const lock = new KeyedLock<string>();
    const log: string[] = [];
    void lock.hold('a', never, async () => void log.push('a'));
    void lock.hold('b', never, async () => void log.push('b'));
    await lock.idle();
    expect(log).toEqual(['a', 'b']);
  });

  it('refuses who would be one too many to wait, and takes those that come when there is room again', async () => {
    const lock = new KeyedLock<string>(2);
    const first = Promise.withResolvers<void>();
    const stop = new AbortController();
    const log: string[] = [];
    const holding = lock.hold('a', never, () => first.promise);
    const impatient = lock.hold('a', stop.signal, async () => void log.push('impatient'));
    const second = lock.hold('a', never, async () => void log.push('second'));
    await expect(lock.hold('a', never, async () => void log.push('refused'))).rejects.toMatchObject({
      code: 'busy',
      retryable: true,
    });
    await expect(lock.hold('b', never, async () => 'other key')).resolves.toBe('other key');
    stop.abort(new Error('enough'));
    await expect(impatient).rejects.toThrow('enough');
    const third = lock.hold('a', never, async () => void log.push('third'));
    first.resolve();
    await Promise.all([holding, second, third]);
    expect(log).toEqual(['second', 'third']);
  });

  it('takes in any case what must not be refused, and keeps the order', async () => {
    const lock = new KeyedLock<string>(0);
    const first = Promise.withResolvers<void>();
    const log: string[] = [];
    const holding = lock.holdInAnyCase('a', never, () => first.promise);
    const owed = [1, 2, 3].map((each) =>
      lock.holdInAnyCase('a', never, async () => void log.push(`owed ${each}`)),
    );
    first.resolve();
    await Promise.all([holding, ...owed]);
    expect(log).toEqual(['owed 1', 'owed 2', 'owed 3']);
  });
});
