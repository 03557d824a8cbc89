import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Benchmark, BenchmarkContext } from '../benchmark.ts';
import { openBareHost } from '../floors/bare-host.ts';
import { round } from '../statistics.ts';

const shape = { vcpus: 1, memoryMiB: 512 };
/** Idle for this long before memory is read, so that what the start needed is over. */
const settleMs = 10_000;

export const density: Benchmark = {
  name: 'density',
  defaultRuns: 10,
  what: 'memory (PSS) of an idle capsule among ten of one template, against a bare QEMU of the same',
  async run(context) {
    const ours = await perCapsule(context);
    const floor = await perBareMachine(context);
    return {
      ours: { mib: ours },
      floor: { mib: floor },
      ratio: { mib: round(ours / floor) },
      bar: { mib: 1.1 },
    };
  },
};

async function perCapsule({ wrenn, runs, note }: BenchmarkContext): Promise<number> {
  const ids: string[] = [];
  try {
    for (let count = 0; count < runs; count++) ids.push((await wrenn.client.capsules.create({})).id);
    note(`${runs} capsules are up`);
    await delay(settleMs);
    const pids = await Promise.all(ids.map(async (id) => (await wrenn.inside(id)).pid));
    return await meanPssMiB(pids);
  } finally {
    for (const id of ids) await wrenn.client.capsules.destroy(id);
  }
}

async function perBareMachine(context: BenchmarkContext): Promise<number> {
  await using bare = await openBareHost(context, shape);
  await using machines = new AsyncDisposableStack();
  const pids: number[] = [];
  for (let count = 0; count < context.runs; count++) {
    const slot = await bare.prepare();
    machines.defer(() => slot.release());
    const machine = await slot.start();
    machines.defer(() => machine.kill());
    pids.push(machine.pid);
  }
  context.note(`${context.runs} bare machines are up`);
  await delay(settleMs);
  return await meanPssMiB(pids);
}

/** Pages that several processes share count in equal parts for each. */
async function meanPssMiB(pids: readonly number[]): Promise<number> {
  const kilobytes = await Promise.all(
    pids.map(async (pid) => {
      const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8');
      return Number(/^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1]);
    }),
  );
  return round(kilobytes.reduce((sum, each) => sum + each, 0) / pids.length / 1024);
}
