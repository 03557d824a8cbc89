import { once } from 'node:events';
import { closeSync } from 'node:fs';
import { parentPort, Worker, workerData } from 'node:worker_threads';
import { mapAnonymous, openUserfaultfd, registerMissing } from '@wrenn/sys';
import { handOver } from './handover.ts';
import { guestPageBytes } from './memory-task.ts';

interface Cycles {
  readonly socketPath: string;
  readonly pages: number;
  readonly count: number;
}

/**
 * One guest after the other, on a thread of this process: each has memory of `pages` pages, hands it over to who listens
 * at `socketPath`, reads the first byte of one page, another one each time, and is gone. Returns these bytes, by guest, when
 * the thread has ended.
 */
export async function runCyclingGuest(cycles: Cycles): Promise<Uint8Array> {
  // The descriptors are its own affair: Node knows only of those that it opened.
  const worker = new Worker(new URL(import.meta.url), { workerData: cycles, trackUnmanagedFds: false });
  const [answer] = await Promise.all([once(worker, 'message'), once(worker, 'exit')]);
  return answer[0] as Uint8Array;
}

function runGuest({ socketPath, pages }: Cycles, cycle: number): number {
  using memory = mapAnonymous(pages * guestPageBytes);
  using descriptors = new DisposableStack();
  const userfaultfd = descriptors.adopt(openUserfaultfd(['event_remove']), closeSync);
  registerMissing(userfaultfd, memory.address, BigInt(memory.length));
  const region = { address: memory.address, offset: 0, length: memory.length };
  descriptors.adopt(handOver(socketPath, [region], userfaultfd), closeSync);
  return memory.bytes[(cycle % pages) * guestPageBytes] ?? 0;
}

const isCyclingGuest = (data: unknown): data is Cycles =>
  typeof data === 'object' && data !== null && 'count' in data;

if (parentPort !== null && isCyclingGuest(workerData)) {
  const cycles = workerData;
  parentPort.postMessage(Uint8Array.from({ length: cycles.count }, (_, cycle) => runGuest(cycles, cycle)));
}
