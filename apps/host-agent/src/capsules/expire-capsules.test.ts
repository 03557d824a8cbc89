import { fc, test } from '@fast-check/vitest';
import type { CapsuleId } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningCapsule } from './capsule.ts';
import { expireWith, type PauseIf } from './expire-capsules.ts';
import { StandInCapsules } from './testing/stand-in-capsules.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Runs the expiry of `host` until it is disposed of. */
function expiring(host: StandInCapsules, pause: PauseIf): AsyncDisposable {
  const stop = new AbortController();
  const running = expireWith(host, pause, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

/** Pauses at once, and remembers what and when. */
function pausing(host: StandInCapsules) {
  const paused: { id: CapsuleId; atMs: number }[] = [];
  const began = performance.now();
  const pause: PauseIf = async (id, condition) => {
    const capsule = host.capsules.get(id);
    if (capsule?.kind !== 'running' || !condition(capsule)) return;
    paused.push({ id, atMs: performance.now() - began });
    host.settlePaused(id);
  };
  return { pause, paused };
}

describe('a capsule that nobody uses', () => {
  it('is paused after its timeout, and one without a timeout never', async () => {
    const host = new StandInCapsules();
    const short = host.add({ timeoutSec: 3 });
    host.add({ timeoutSec: 0 });
    const { pause, paused } = pausing(host);
    await using _expiry = expiring(host, pause);
    await vi.advanceTimersByTimeAsync(2_900);
    expect(paused).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(paused).toEqual([{ id: short.id, atMs: 3_000 }]);
  });

  it('stays while a command runs in it, however long', async () => {
    const host = new StandInCapsules();
    const capsule = host.add({ timeoutSec: 1 });
    const { pause, paused } = pausing(host);
    await using _expiry = expiring(host, pause);
    const command = capsule.activity.begin();
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(paused).toEqual([]);
    command[Symbol.dispose]();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(paused).toHaveLength(1);
  });

  it('is not held up by others that take long, of which there are a few at once only', async () => {
    const host = new StandInCapsules();
    const begun: CapsuleId[] = [];
    const slow = Promise.withResolvers<void>();
    const pause: PauseIf = async (id) => {
      begun.push(id);
      if (begun.length < 4) await slow.promise;
      host.settlePaused(id);
    };
    const all = Array.from({ length: 9 }, () => host.add({ timeoutSec: 1 }).id);
    await using _expiry = expiring(host, pause);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(begun).toHaveLength(4);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(begun.toSorted()).toEqual(all.toSorted());
    slow.resolve();
  });

  it('and cannot be paused is tried again later and later, and runs on', async () => {
    const host = new StandInCapsules();
    const { id } = host.add({ timeoutSec: 1 });
    const other = host.add({ timeoutSec: 1 });
    const tried: number[] = [];
    const pause: PauseIf = async (which) => {
      if (which === other.id) return host.settlePaused(which);
      tried.push(performance.now());
      throw new Error('the disk is full');
    };
    await using _expiry = expiring(host, pause);
    await vi.advanceTimersByTimeAsync(3_600_000);
    const gaps = tried.slice(1).map((at, index) => Math.round((at - (tried[index] ?? 0)) / 1_000));
    expect(gaps.slice(0, 8)).toEqual([5, 10, 20, 40, 80, 160, 300, 300]);
    expect(host.capsules.get(id)?.kind).toBe('running');
    expect(host.capsules.get(other.id)?.kind).toBe('paused');
  });

  it('is left alone once the host stops, and what was begun is waited for', async () => {
    const host = new StandInCapsules();
    host.add({ timeoutSec: 1 });
    const stop = new AbortController();
    const undone = Promise.withResolvers<void>();
    let tries = 0;
    const pause: PauseIf = async (_id, _condition, signal) => {
      tries += 1;
      await undone.promise;
      signal.throwIfAborted();
    };
    let hasEnded = false;
    const running = expireWith(host, pause, stop.signal).then(() => (hasEnded = true));
    await vi.advanceTimersByTimeAsync(1_000);
    stop.abort(new Error('stopping'));
    await vi.advanceTimersByTimeAsync(20_000);
    expect([tries, hasEnded]).toEqual([1, false]);
    undone.resolve();
    expect(await running).toBe(true);
  });
});

interface Use {
  readonly gapMs: number;
  readonly lastsMs: number;
}

const uses = fc.array(
  fc.record({ gapMs: fc.integer({ min: 0, max: 6_000 }), lastsMs: fc.integer({ min: 0, max: 6_000 }) }),
  { maxLength: 12 },
);

describe('whatever is done with a capsule', () => {
  test.prop([uses, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 0, max: 900 })])(
    'it is never paused while in use, and always within two seconds of its timeout',
    async (plan, timeoutSec, lockedMs) => {
      const host = new StandInCapsules();
      const capsule = host.add({ timeoutSec });
      const { pause, paused } = pausing(host);
      const afterLock: PauseIf = async (id, condition, signal) => {
        await timeout(lockedMs);
        await pause(id, condition, signal);
      };
      await using _expiry = expiring(host, afterLock);
      const began = performance.now();
      const lastUseEndedAt = await follow(plan, capsule, () => paused.length > 0);
      await vi.advanceTimersByTimeAsync(timeoutSec * 1_000 + 2_000);
      const [pausedAt] = paused.map(({ atMs }) => atMs);
      const dueAt = lastUseEndedAt - began + timeoutSec * 1_000;
      expect(paused).toHaveLength(1);
      expect(pausedAt).toBeGreaterThanOrEqual(dueAt);
      expect(pausedAt).toBeLessThanOrEqual(dueAt + 2_000);
    },
  );
});

/** Uses the capsule as planned until it is paused; returns when the last use ended. */
async function follow(plan: readonly Use[], { activity }: RunningCapsule, isPaused: () => boolean) {
  let lastUseEndedAt = performance.now();
  for (const { gapMs, lastsMs } of plan) {
    await vi.advanceTimersByTimeAsync(gapMs);
    if (isPaused()) break;
    {
      using _use = activity.begin();
      await vi.advanceTimersByTimeAsync(lastsMs);
      expect(isPaused()).toBe(false);
    }
    lastUseEndedAt = performance.now();
  }
  return lastUseEndedAt;
}

function timeout(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
