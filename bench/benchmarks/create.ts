import { setTimeout as delay } from 'node:timers/promises';
import { type Benchmark, timed } from '../benchmark.ts';
import { openBareHost } from '../floors/bare-host.ts';
import { compare } from '../statistics.ts';

/**
 * Before each start: by then the kernel has removed the namespace of the machine before, and the agent has made its
 * next slot, so that neither side pays for the other.
 */
const settleMs = 600;
const shape = { vcpus: 1, memoryMiB: 512 };

export const create: Benchmark = {
  name: 'create',
  defaultRuns: 30,
  what: 'POST /v1/capsules to a capsule that answers, against spawning and restoring the same machine by hand',
  async run(context) {
    await using bare = await openBareHost(context, shape);
    const { client } = context.wrenn;
    const ours: number[] = [];
    const floor: number[] = [];
    // In turn, so that both see the same state of the machine; the first pair only warms caches.
    for (let turn = -1; turn < context.runs; turn++) {
      const slot = await bare.prepare();
      await delay(settleMs);
      let machine: Awaited<ReturnType<typeof slot.start>> | undefined;
      const floorMs = await timed(async () => {
        machine = await slot.start();
      });
      await machine?.kill();
      await slot.release();

      await delay(settleMs);
      let id = '';
      const oursMs = await timed(async () => {
        ({ id } = await client.capsules.create({ template: 'minimal', vcpus: 1, memoryMb: 512 }));
      });
      await client.capsules.destroy(id);
      if (turn < 0) continue;
      floor.push(floorMs);
      ours.push(oursMs);
      context.note(
        `${turn + 1}/${context.runs}: ours ${oursMs.toFixed(0)} ms, floor ${floorMs.toFixed(0)} ms`,
      );
    }
    return { ...compare(ours, floor), bar: { p50: 1.25, p95: 1.6 } };
  },
};
