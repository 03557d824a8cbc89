import { describe, expect, it } from 'vitest';
import { MetricSet } from './metric-set.ts';

/** A gauge that says what `take` finds, and what it was told went wrong. */
function gaugeOf(take: (signal: AbortSignal) => Promise<number> | number) {
  const set = new MetricSet();
  const gauge = set.gauge('wrenn_test', 'For a test.');
  const faults: string[] = [];
  const look = set.whenAsked([gauge], async (signal) => gauge.set(await take(signal)));
  const value = async (signal = new AbortController().signal) => {
    await set.refresh(signal, (cause) => faults.push(cause));
    return (await gauge.get()).values[0]?.value;
  };
  return { value, faults, look };
}

describe('a gauge that is counted when it is asked for', () => {
  it('says what is so now, each time', async () => {
    let count = 0;
    const { value } = gaugeOf(() => {
      count += 1;
      return count;
    });
    expect([await value(), await value()]).toEqual([1, 2]);
  });

  it('has no old value where it could not be counted, and says why', async () => {
    let answer: () => number = () => 7;
    const { value, faults } = gaugeOf(() => answer());
    expect(await value()).toBe(7);
    answer = () => {
      throw new Error('the database is away');
    };
    expect(await value()).toBe(0);
    expect(faults).toEqual(['the database is away']);
  });

  it('is not counted a second time while the first, which nobody waits for any more, goes on', async () => {
    const { promise, resolve } = Promise.withResolvers<number>();
    let begun = 0;
    const { value, faults } = gaugeOf(() => {
      begun += 1;
      return promise;
    });
    const late = new AbortController();
    const first = value(late.signal);
    late.abort(new Error('took too long'));
    await first;
    await value();
    expect(begun).toBe(1);
    expect(faults).toEqual(['took too long', 'the last count has not ended yet']);
    resolve(3);
    await expect.poll(() => value()).toBe(3);
  });

  it('is counted no more once it is disposed of', async () => {
    const { value, look } = gaugeOf(() => 7);
    await value();
    look[Symbol.dispose]();
    expect(await value()).toBe(0);
  });
});
