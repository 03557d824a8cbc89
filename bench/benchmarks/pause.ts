import { randomBytes } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Benchmark, timed } from '../benchmark.ts';
import { compare, round, summarize } from '../statistics.ts';

/** What each run writes to the guest's memory; with what the system itself writes, about 35 MB are dirty. */
const dirtyMiB = 30;
/** By the bar, the longest that a guest may stand still while its state is read. */
const longestStillMs = 150;

export const pause: Benchmark = {
  name: 'pause',
  defaultRuns: 20,
  what: 'pausing a capsule with 35 MB of new memory until it is durable, against writing and flushing the same bytes',
  async run({ wrenn, runs, note }) {
    const { capsules } = wrenn.client;
    const { id } = await capsules.create();
    const ours: number[] = [];
    const floor: number[] = [];
    const still: number[] = [];
    try {
      // The first round only warms caches.
      for (let turn = -1; turn < runs; turn++) {
        await capsules.exec(id, {
          cmd: 'dd',
          args: ['if=/dev/urandom', 'of=/dev/shm/new', 'bs=1M', `count=${dirtyMiB}`],
          timeoutSec: 60,
        });
        let paused: Awaited<ReturnType<typeof capsules.pause>> | undefined;
        const oursMs = await timed(async () => {
          paused = await capsules.pause(id);
        });
        const bytes = (paused?.memoryBytes ?? 0) + (paused?.diskBytes ?? 0);
        const floorMs = await writeAndFlush(join(wrenn.directory, 'snapshots', '.bench'), bytes);
        await capsules.resume(id);
        if (turn < 0) continue;
        ours.push(oursMs);
        floor.push(floorMs);
        still.push(paused?.stillMs ?? 0);
        const steps = paused?.steps
          .map(({ name, durationMs }) => `${name} ${Math.round(durationMs)}`)
          .join(', ');
        note(
          `${turn + 1}/${runs}: ours ${oursMs.toFixed(0)} ms, floor ${floorMs.toFixed(0)} ms, ` +
            `${(bytes / 1e6).toFixed(0)} MB, still ${(paused?.stillMs ?? 0).toFixed(0)} ms (${steps})`,
        );
      }
    } finally {
      await capsules.destroy(id);
    }
    const times = compare(ours, floor);
    const { p50_ms: stillMs } = summarize(still);
    return {
      ours: { ...times.ours, still_p50_ms: stillMs },
      floor: { ...times.floor, still_p50_ms: longestStillMs },
      // Standing still has no floor but its limit.
      ratio: { ...times.ratio, still_p50: round(stillMs / longestStillMs) },
      bar: { p50: 2.0, still_p50: 1 },
    };
  },
};

/** Milliseconds that it takes to write `bytes` to a new file and have them on the disk. */
async function writeAndFlush(path: string, bytes: number): Promise<number> {
  const content = randomBytes(bytes);
  try {
    return await timed(async () => {
      await using file = await open(path, 'w');
      await file.write(content);
      await file.sync();
    });
  } finally {
    await rm(path, { force: true });
  }
}
