import type { CapsuleId } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RunningCapsule } from '../capsules/capsule.ts';
import { StandInCapsules } from '../capsules/testing/stand-in-capsules.ts';
import type { Histories } from './histories.ts';
import { History } from './history.ts';
import { readMetrics } from './read-metrics.ts';
import { type Ask, sampleWith } from './sample-capsules.ts';
import type { Usage } from './usage.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Histories that are in memory alone. */
class HistoriesInMemory implements Pick<Histories, 'add' | 'read' | 'tidy' | 'save'> {
  readonly #histories = new Map<CapsuleId, History>();

  async add(id: CapsuleId, atSec: number, usage: Usage): Promise<void> {
    const history = this.#histories.get(id) ?? new History();
    history.add(atSec, usage);
    this.#histories.set(id, history);
  }

  async read(id: CapsuleId): Promise<History> {
    return this.#histories.get(id) ?? new History();
  }

  tidy(): void {}
  async save(): Promise<void> {}
}

class Host extends StandInCapsules {
  readonly metrics = new HistoriesInMemory() as unknown as Histories;

  async points(id: CapsuleId, rangeSec = 600) {
    return (await readMetrics(this, id, rangeSec, 5)).points;
  }
}

/** A guest whose only processor has a tenth to do from the time of the test on, and had everything before. */
function answerAt(startMs: number): string {
  const ticks = (Date.now() - startMs) / 10;
  return JSON.stringify({
    ...{ cpu_used_pct: 50, cpu_busy_ticks: 5_000 + ticks / 10, cpu_total_ticks: 5_000 + ticks },
    ...{ mem_used: 100, mem_total: 1_000, disk_used: 5, disk_total: 50 },
  });
}

function sampling(host: Host, ask: Ask): AsyncDisposable {
  const stop = new AbortController();
  const running = sampleWith(host, ask, 5_000, stop.signal);
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

function honest(): { readonly ask: Ask; readonly asked: CapsuleId[] } {
  const startMs = Date.now();
  const asked: CapsuleId[] = [];
  return {
    asked,
    ask: async ({ id }) => {
      asked.push(id);
      return answerAt(startMs);
    },
  };
}

describe('the samples of a capsule', () => {
  it('begin soon after it runs, are five seconds apart, and say right from the first on how busy it is', async () => {
    const host = new Host();
    const { id } = host.add({});
    await using _sampling = sampling(host, honest().ask);
    await vi.advanceTimersByTimeAsync(4_000);
    expect(await host.points(id)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    const points = await host.points(id);
    expect(points).toHaveLength(13);
    for (const [index, { at, cpuPct, memBytes }] of points.entries()) {
      expect([cpuPct, memBytes]).toEqual([expect.closeTo(10), 100]);
      if (index > 0) expect(at - (points[index - 1]?.at ?? 0)).toBe(5);
    }
  });

  it('count as no use of it', async () => {
    const host = new Host();
    const { activity } = host.add({});
    await using _sampling = sampling(host, honest().ask);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(activity.idleMs()).toBe(60_000);
  });

  it('are not taken while it is about to be paused or copied, which is a gap', async () => {
    const host = new Host();
    const capsules = [host.add({ phase: 'pausing' }), host.add({ snapshot: 'sn' })];
    const { ask, asked } = honest();
    await using _sampling = sampling(host, ask);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toEqual([]);
    for (const capsule of capsules) {
      const { snapshot: _none, ...record } = capsule.record;
      capsule.record = { ...record, phase: 'running' };
    }
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await host.points(capsules[0]?.id as CapsuleId)).toHaveLength(2);
  });

  it('of a guest that is silent or says nonsense are a gap, and it is asked less and less often', async () => {
    const host = new Host();
    const silent = host.add({});
    const liar = host.add({});
    const asked = new Map<CapsuleId, number>();
    const ask: Ask = ({ id }, signal) => {
      asked.set(id, (asked.get(id) ?? 0) + 1);
      if (id === liar.id) return Promise.resolve('{"mem_total":"all of it"}');
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    await using _sampling = sampling(host, ask);
    await vi.advanceTimersByTimeAsync(600_000);
    for (const { id } of [silent, liar]) {
      expect(await host.points(id)).toEqual([]);
      expect(asked.get(id)).toBeGreaterThan(8);
      expect(asked.get(id)).toBeLessThan(20);
    }
  });

  it('are not held up by guests that are silent, of which a few are asked at once only', async () => {
    const host = new Host();
    const silent = new Set(Array.from({ length: 40 }, () => host.add({}).id));
    const { id } = host.add({});
    const startMs = Date.now();
    let atOnce = 0;
    let most = 0;
    const ask: Ask = async (capsule, signal) => {
      if (!silent.has(capsule.id)) return answerAt(startMs);
      most = Math.max(most, ++atOnce);
      return await new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          atOnce -= 1;
          reject(signal.reason);
        });
      });
    };
    await using _sampling = sampling(host, ask);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(most).toBe(16);
    expect((await host.points(id)).length).toBeGreaterThan(60);
  });

  it('of one that does not run end with its last', async () => {
    const host = new Host();
    const { id } = host.add({});
    await using _sampling = sampling(host, honest().ask);
    await vi.advanceTimersByTimeAsync(30_000);
    const before = await host.points(id);
    host.settlePaused(id);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await host.points(id)).toEqual(before);
    expect(await host.points(id, 10)).toHaveLength(3);
  });

  it('begin anew with another machine, whose counters are its own', async () => {
    const host = new Host();
    const capsule = host.add({});
    await using _sampling = sampling(host, honest().ask);
    await vi.advanceTimersByTimeAsync(30_000);
    const resumed = { ...capsule } as RunningCapsule;
    host.capsules.set(capsule.id, resumed);
    await vi.advanceTimersByTimeAsync(30_000);
    for (const { cpuPct } of await host.points(capsule.id)) expect(cpuPct).toBeCloseTo(10);
  });

  it('that are under way are over when the sampling is', async () => {
    const host = new Host();
    host.add({});
    const ask: Ask = (_capsule, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const sampler = sampling(host, ask);
    await vi.advanceTimersByTimeAsync(2_000);
    await sampler[Symbol.asyncDispose]();
    expect(vi.getTimerCount()).toBe(0);
  });
});

it('a capsule that is not there has no metrics', async () => {
  const host = new Host();
  const { id } = host.add({});
  host.capsules.clear();
  await expect(host.points(id)).rejects.toMatchObject({ code: 'not_found' });
});
