import { mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type TouchAll, UserfaultPeer } from '@wrenn/testkit';
import type { PageServerJob } from '../../apps/host-agent/src/engine/firecracker/page-server/job.ts';
import { startPageServer } from '../../apps/host-agent/src/engine/firecracker/page-server/start-page-server.ts';
import type { StandaloneBenchmark, StandaloneContext } from '../benchmark.ts';
import { percentile, round } from '../statistics.ts';

const mebibyte = 1 << 20;
const defaultSizeMiB = 512;
/** On a disk: /tmp is memory on some machines. */
const parent = '/var/tmp/bench-pages-';

/** How the memory is touched; the bar is for the first, which is what a virtual CPU does that fills it. */
const ways = {
  writing: { mode: 'write', order: 'ascending' },
  reading: { mode: 'read', order: 'ascending' },
  'writing at random': { mode: 'write', order: 'random' },
} as const satisfies Record<string, TouchAll>;
type Way = keyof typeof ways;

export const pages: StandaloneBenchmark = {
  name: 'pages',
  defaultRuns: 5,
  what: 'touching 512 MiB through the page server, against the same file privately mapped',
  async runAlone(context) {
    const folder = await mkdtemp(parent);
    try {
      const file = join(folder, 'memory');
      await writeMemory(file, context);
      for (const way of ['reading', 'writing at random'] as const) {
        const { ours, floor } = await inTurn(way, file, folder, context);
        context.note(`${way}: ${ours.p50_ms} ms against ${floor.p50_ms} ms, ${ratio(ours, floor).p50} times`);
      }
      const { ours, floor } = await inTurn('writing', file, folder, context);
      return { ours: { ...ours }, floor: { ...floor }, ratio: ratio(ours, floor), bar: { p50: 2 } };
    } finally {
      await rm(folder, { recursive: true });
    }
  },
};

interface Times {
  readonly p50_ms: number;
  readonly p95_ms: number;
}

async function inTurn(way: Way, file: string, folder: string, context: StandaloneContext) {
  const times = { ours: [] as number[], floor: [] as number[] };
  // The first of each fills the page cache.
  for (let turn = 0; turn <= context.runs; turn++) {
    const order = turn % 2 === 0 ? (['ours', 'floor'] as const) : (['floor', 'ours'] as const);
    for (const which of order) {
      context.signal.throwIfAborted();
      const touch = which === 'ours' ? touchServed : touchMapped;
      const ms = await touch(ways[way], file, folder, context);
      if (turn === 0) continue;
      times[which].push(ms);
      context.note(`${way} ${turn}/${context.runs} ${which}: ${round(ms)} ms`);
    }
  }
  return { ours: summary(times.ours), floor: summary(times.floor) };
}

/** By a real page server, of memory that was handed over to it as Firecracker does. */
async function touchServed(
  way: TouchAll,
  file: string,
  folder: string,
  context: StandaloneContext,
): Promise<number> {
  const directory = await mkdtemp(join(folder, 'machine-'));
  const job: PageServerJob = {
    socketPath: join(directory, 'uffd.sock'),
    peer: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    memoryBytes: sizeOf(context),
    base: file,
    changes: [],
    prefetch: undefined,
    recordTo: join(directory, 'working-set'),
  };
  const cgroup = { name: 'none', procsFiles: [] };
  const server = await startPageServer(job, { directory, cgroup }, context.signal);
  try {
    await using peer = await UserfaultPeer.start({
      lengths: [sizeOf(context)],
      backing: { kind: 'handed over', socketPath: job.socketPath },
    });
    return await peer.touchAll(way);
  } finally {
    await server.stop();
    await server.ended;
  }
}

async function touchMapped(
  way: TouchAll,
  file: string,
  _folder: string,
  context: StandaloneContext,
): Promise<number> {
  await using peer = await UserfaultPeer.start({
    lengths: [sizeOf(context)],
    backing: { kind: 'file', path: file },
  });
  return await peer.touchAll(way);
}

function sizeOf({ sizeMiB = defaultSizeMiB }: StandaloneContext): number {
  return sizeMiB * mebibyte;
}

async function writeMemory(path: string, context: StandaloneContext): Promise<void> {
  await using file = await open(path, 'wx');
  const piece = Buffer.alloc(mebibyte, 'neither all zeros nor all alike ');
  for (let at = 0; at < sizeOf(context); at += piece.length) await file.write(piece);
  await file.sync();
}

function summary(ms: readonly number[]): Times {
  return { p50_ms: round(percentile(ms, 0.5)), p95_ms: round(percentile(ms, 0.95)) };
}

function ratio(ours: Times, floor: Times) {
  return { p50: round(ours.p50_ms / floor.p50_ms), p95: round(ours.p95_ms / floor.p95_ms) };
}
