import { readFile, statfs } from 'node:fs/promises';
import { atMost, systemCode } from '@wrenn/core';
import type { RunningCapsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { agentGauges as gauges } from './metrics.ts';

const readAtOnce = 16;
const kibibyte = 1024;

/** Counts what the host has and uses whenever somebody asks for it, until it is disposed of. */
export function lookAtHost(context: CapsuleContext): Disposable {
  const looks = new DisposableStack();
  const { set } = gauges;
  looks.use(
    set.whenAsked([gauges.capsules, gauges.machines, gauges.slots, gauges.draining], () => count(context)),
  );
  looks.use(set.whenAsked([gauges.machineMemory], () => lookAtMachines(context)));
  looks.use(set.whenAsked([gauges.memory], lookAtMemory));
  looks.use(set.whenAsked([gauges.disk], () => lookAtDisk(context.journal.directory)));
  return looks;
}

function count({ capsules, engine, slots, admission }: CapsuleContext): void {
  const byKind = { running: 0, paused: 0, failed: 0 };
  for (const { kind } of capsules.values()) byKind[kind] += 1;
  for (const [state, number] of Object.entries(byKind)) gauges.capsules.set({ state }, number);
  gauges.machines.set({ engine: engine.traits.name }, byKind.running);
  const { owned, ready } = slots.counts;
  gauges.slots.set({ state: 'owned' }, owned);
  gauges.slots.set({ state: 'ready' }, ready);
  gauges.slots.set({ state: 'capacity' }, slots.capacity);
  gauges.draining.set(admission.state === 'draining' ? 1 : 0);
}

async function lookAtMachines({ capsules }: CapsuleContext): Promise<void> {
  const running = [...capsules.values()].filter((capsule) => capsule.kind === 'running');
  const sums = { resident: 0, private: 0 };
  await atMost(readAtOnce, running.flatMap(processesOf), async (pid) => {
    const said = await statusOf(pid);
    sums.resident += kilobytesIn(said, 'VmRSS') * kibibyte;
    sums.private += kilobytesIn(said, 'RssAnon') * kibibyte;
  });
  for (const [kind, bytes] of Object.entries(sums)) gauges.machineMemory.set({ kind }, bytes);
}

function processesOf({ machine: { record } }: RunningCapsule): number[] {
  const helper = record.engine === 'firecracker' ? record.pageServer : undefined;
  return helper === undefined ? [record.pid] : [record.pid, helper.pid];
}

/** Empty for a process that has just ended. */
async function statusOf(pid: number): Promise<string> {
  try {
    return await readFile(`/proc/${pid}/status`, 'latin1');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return '';
    throw thrown;
  }
}

async function lookAtMemory(): Promise<void> {
  const text = await readFile('/proc/meminfo', 'latin1');
  gauges.memory.set({ kind: 'total' }, kilobytesIn(text, 'MemTotal') * kibibyte);
  gauges.memory.set({ kind: 'available' }, kilobytesIn(text, 'MemAvailable') * kibibyte);
}

async function lookAtDisk(directory: string): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(directory);
  gauges.disk.set({ kind: 'total' }, blocks * bsize);
  gauges.disk.set({ kind: 'available' }, bavail * bsize);
}

/** As /proc writes it: `VmRSS:     1234 kB`. */
function kilobytesIn(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0);
}
