import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Rereading, settleMs } from './rereading.ts';

/** Reads that end when they are told to. */
function reads() {
  const open: (() => void)[] = [];
  let begun = 0;
  const read = () => {
    begun++;
    return new Promise<void>((done) => open.push(done));
  };
  return { read, begun: () => begun, end: () => open.shift()?.() };
}

describe('reading again', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is done once for changes that come together', async () => {
    const { read, begun } = reads();
    const rereading = new Rereading(read);
    for (let change = 0; change < 50; change++) rereading.ask();
    await vi.advanceTimersByTimeAsync(settleMs);
    expect(begun()).toBe(1);
  });

  it('is done once more after a read during which something changed, and never beside it', async () => {
    const { read, begun, end } = reads();
    const rereading = new Rereading(read);
    rereading.ask();
    await vi.advanceTimersByTimeAsync(settleMs);
    rereading.ask();
    rereading.ask();
    await vi.advanceTimersByTimeAsync(10 * settleMs);
    expect(begun()).toBe(1);
    end();
    await vi.advanceTimersByTimeAsync(settleMs);
    expect(begun()).toBe(2);
    end();
    await vi.advanceTimersByTimeAsync(10 * settleMs);
    expect(begun()).toBe(2);
  });

  it('begins again when it is asked for later', async () => {
    const { read, begun, end } = reads();
    const rereading = new Rereading(read);
    for (const time of [1, 2, 3]) {
      rereading.ask();
      await vi.advanceTimersByTimeAsync(settleMs);
      end();
      await vi.advanceTimersByTimeAsync(settleMs);
      expect(begun()).toBe(time);
    }
  });

  it('is not done any more once it is stopped', async () => {
    const { read, begun } = reads();
    const rereading = new Rereading(read);
    rereading.ask();
    rereading.stop();
    await vi.advanceTimersByTimeAsync(10 * settleMs);
    expect(begun()).toBe(0);
  });
});
