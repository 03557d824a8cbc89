import { setTimeout as delay } from 'node:timers/promises';
import { atMost } from '@wrenn/core';
import { type Benchmark, timed } from '../benchmark.ts';
import { type BareHost, openBareHost } from '../floors/bare-host.ts';
import type { BareMachine } from '../floors/bare-machine.ts';
import { compare } from '../statistics.ts';

const children = 10;
/** The floor starts this many machines at a time: one for each processor of the machine that the bar is from. */
const atATime = 2;
const settleMs = 1_000;
const shape = { vcpus: 1, memoryMiB: 512 };

export const fork: Benchmark = {
  name: 'fork',
  defaultRuns: 5,
  what: `${children} children of a running capsule until all answer, against as many bare restores, ${atATime} at a time`,
  async run(context) {
    await using bare = await openBareHost(context, shape);
    const { capsules } = context.wrenn.client;
    const { id } = await capsules.create({ vcpus: 1, memoryMb: 512 });
    const ours: number[] = [];
    const floor: number[] = [];
    try {
      // In turn; the first pair only warms caches.
      for (let turn = -1; turn < context.runs; turn++) {
        await delay(settleMs);
        const floorMs = await startBare(bare);
        await delay(settleMs);
        let made: readonly { readonly id: string }[] = [];
        let steps = '';
        const oursMs = await timed(async () => {
          const forked = await capsules.fork(id, { count: children });
          if (forked.failed.length > 0) throw new Error(`a child failed: ${forked.failed[0]?.message}`);
          // Each has answered its `/init`, which the floor's machines are not even asked.
          made = forked.capsules;
          steps = forked.steps.map(({ name, durationMs }) => `${name} ${Math.round(durationMs)}`).join(', ');
        });
        for (const child of made) await capsules.destroy(child.id);
        if (turn < 0) continue;
        floor.push(floorMs);
        ours.push(oursMs);
        context.note(
          `${turn + 1}/${context.runs}: ours ${oursMs.toFixed(0)} ms, floor ${floorMs.toFixed(0)} ms (${steps})`,
        );
      }
    } finally {
      await capsules.destroy(id);
    }
    return { ...compare(ours, floor), bar: { p50: 1.2 } };
  },
};

/** Milliseconds until all bare machines answer; they run until all do, as the children do. */
async function startBare(bare: BareHost): Promise<number> {
  const slots = await Promise.all(Array.from({ length: children }, () => bare.prepare()));
  const machines: BareMachine[] = [];
  try {
    return await timed(() =>
      atMost(atATime, slots, async (slot) => {
        machines.push(await slot.start());
      }),
    );
  } finally {
    await Promise.all(machines.map((machine) => machine.kill()));
    for (const slot of slots) await slot.release();
  }
}
