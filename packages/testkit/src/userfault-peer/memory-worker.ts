import { createHash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { MemoryMapping } from '@wrenn/sys';
import {
  type GuestRegion,
  guestPageBytes,
  type MemoryTask,
  markerAt,
  markerOf,
  type Touched,
  type Touching,
} from './memory-task.ts';

/** Of another thread of this process, which ends this one before it unmaps them. */
const regions = (workerData as readonly GuestRegion[]).map(({ address, offset, length }) => {
  const mapping = new MemoryMapping(Number(address), length);
  return { offset, length, mapping, bytes: mapping.bytes };
});

parentPort?.on('message', (task: MemoryTask) => {
  try {
    parentPort?.postMessage({ ok: run(task) });
  } catch (thrown) {
    parentPort?.postMessage({ error: String(thrown) });
  }
});
parentPort?.postMessage({ ok: 'loaded' });

function run(task: MemoryTask): unknown {
  switch (task.do) {
    case 'read':
      return Buffer.concat([...partsOf(task.offset, task.length)].map(({ bytes }) => bytes));
    case 'write': {
      const bytes = Buffer.from(task.bytes);
      for (const part of partsOf(task.offset, bytes.length)) bytes.copy(part.bytes, 0, part.from);
      return undefined;
    }
    case 'remove':
      for (const { mapping, at, bytes } of partsOf(task.offset, task.length))
        mapping.forget(at, bytes.length);
      return undefined;
    case 'sum': {
      const hash = createHash('sha256');
      for (const { bytes } of regions) hash.update(bytes);
      return hash.digest('hex');
    }
    case 'save':
      return save(task.path);
    case 'touch':
      return touch(task);
  }
}

/** What lies where in the regions; `from` is the distance from `offset`. */
function* partsOf(offset: number, length: number) {
  let covered = 0;
  for (const region of regions) {
    const at = Math.max(0, offset - region.offset);
    const end = Math.min(region.length, offset + length - region.offset);
    if (at >= end) continue;
    yield {
      mapping: region.mapping,
      at,
      bytes: region.bytes.subarray(at, end),
      from: region.offset + at - offset,
    };
    covered += end - at;
  }
  if (covered !== length) throw new RangeError(`${length} bytes at ${offset} are not all memory`);
}

function save(path: string): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (const { bytes, offset } of regions)
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, bytes.length - at, offset + at);
  } finally {
    closeSync(fd);
  }
}

function touch({ mode, order, seed, every }: Touching): Touched {
  const pages = pageNumbers(every);
  if (order === 'random') shuffle(pages, seed);
  const beganNs = process.hrtime.bigint();
  let [first, end] = [0, 0];
  let bytes: Buffer = Buffer.alloc(0);
  let seen = 0;
  for (const page of pages) {
    const offset = page * guestPageBytes;
    if (offset < first || offset >= end) {
      const region = regions.find((each) => offset >= each.offset && offset < each.offset + each.length);
      if (region === undefined) throw new RangeError(`page ${page} is not memory`);
      [first, end, bytes] = [region.offset, region.offset + region.length, region.bytes];
    }
    if (mode === 'write') bytes[offset - first + markerAt] = markerOf(page);
    else seen += bytes[offset - first] ?? 0;
  }
  const endedNs = process.hrtime.bigint();
  if (seen < 0) throw new RangeError('bytes are not negative');
  return { beganNs, endedNs };
}

function pageNumbers(every: number): Uint32Array {
  const total = regions.reduce((sum, { length }) => sum + length, 0) / guestPageBytes;
  return Uint32Array.from({ length: Math.ceil(total / every) }, (_, index) => index * every);
}

/** In place, by a generator whose numbers a seed fixes (xorshift of 32 bits). */
function shuffle(pages: Uint32Array, seed: number): void {
  let state = (seed | 0) === 0 ? 1 : seed | 0;
  for (let left = pages.length - 1; left > 0; left--) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    const other = (state >>> 0) % (left + 1);
    const kept = pages[left] ?? 0;
    pages[left] = pages[other] ?? 0;
    pages[other] = kept;
  }
}
