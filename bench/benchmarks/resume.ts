import { setTimeout as delay } from 'node:timers/promises';
import { type Benchmark, timed } from '../benchmark.ts';
import { openBareHost } from '../floors/bare-host.ts';
import { compare } from '../statistics.ts';

/** As in the benchmark of create: neither side pays for what the other leaves to the kernel. */
const settleMs = 600;
const shape = { vcpus: 1, memoryMiB: 512 };

export const resume: Benchmark = {
  name: 'resume',
  defaultRuns: 30,
  what: 'resuming a paused capsule until it answers, against spawning and restoring its template by hand',
  async run(context) {
    await using bare = await openBareHost(context, shape);
    const { capsules } = context.wrenn.client;
    const { id } = await capsules.create({ vcpus: 1, memoryMb: 512 });
    const ours: number[] = [];
    const floor: number[] = [];
    try {
      await capsules.exec(id, { cmd: 'true' });
      // In turn, so that both see the same state of the machine; the first pair only warms caches.
      for (let turn = -1; turn < context.runs; turn++) {
        await capsules.pause(id);
        await delay(settleMs);
        const slot = await bare.prepare();
        await delay(settleMs);
        let machine: Awaited<ReturnType<typeof slot.start>> | undefined;
        const floorMs = await timed(async () => {
          machine = await slot.start();
        });
        await machine?.kill();
        await slot.release();
        await delay(settleMs);
        let resumed: Awaited<ReturnType<typeof capsules.resume>> | undefined;
        const oursMs = await timed(async () => {
          resumed = await capsules.resume(id);
        });
        if (turn < 0) continue;
        floor.push(floorMs);
        ours.push(oursMs);
        const steps = resumed?.steps
          .map(({ name, durationMs }) => `${name} ${Math.round(durationMs)}`)
          .join(', ');
        context.note(
          `${turn + 1}/${context.runs}: ours ${oursMs.toFixed(0)} ms, floor ${floorMs.toFixed(0)} ms (${steps})`,
        );
      }
    } finally {
      await capsules.destroy(id);
    }
    return { ...compare(ours, floor), bar: { p50: 1.3 } };
  },
};
