import { createHash } from 'node:crypto';
import { chmod, copyFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { never } from './promise.ts';
import type {
  ConformanceHost,
  ConformingMachine,
  MemoryRange,
  RunningMachine,
  StartPoint,
} from './subject.ts';

let captures = 0;

/** Stops a machine and keeps all of it, so that others can be started from it. It can go on afterwards. */
export async function capture(
  host: ConformanceHost,
  { directory, from, sealDisk, ...of }: RunningMachine,
  machine: ConformingMachine = of.machine,
): Promise<StartPoint> {
  const name = `captured-${captures++}`;
  const place = join(host.directory, name);
  const state = join(directory, name);
  await machine.stop(never);
  await machine.saveState(state, never);
  await copyFile(state, `${place}.state`);
  await chmod(`${place}.state`, 0o644);
  const written = await keepPages(machine, `${place}.memory`);
  const disk = await sealDisk(machine);
  const { base, changes } = from.snapshot.memory;
  return {
    snapshot: {
      build: machine.build,
      memory: { base, changes: machine.unwritten === 'base' ? written : layOver(changes, written) },
      deviceState: `${place}.state`,
      workingSet: undefined,
    },
    disk,
  };
}

/** Captures a machine, and ends it. */
export async function captureAndEnd(host: ConformanceHost, running: RunningMachine): Promise<StartPoint> {
  const point = await capture(host, running);
  await running.end();
  return point;
}

/** `newer` over `older`, of which only what it does not cover is left; both ascending and disjoint. */
function layOver(older: readonly MemoryRange[], newer: readonly MemoryRange[]): MemoryRange[] {
  let left = [...older];
  for (const { offset, length } of newer)
    left = left.flatMap((range) => [
      ...part(range, range.offset, Math.min(range.offset + range.length, offset)),
      ...part(range, Math.max(range.offset, offset + length), range.offset + range.length),
    ]);
  return [...left, ...newer].toSorted((one, other) => one.offset - other.offset);
}

/** What all of the memory that a snapshot describes adds up to. */
export async function sumOfSnapshot({ snapshot }: StartPoint, memoryBytes: number): Promise<string> {
  const bytes = Buffer.alloc(memoryBytes);
  await readInto(bytes, snapshot.memory.base, 0);
  for (const { offset, length, content } of snapshot.memory.changes) {
    const target = bytes.subarray(offset, offset + length);
    if (content === 'zero') target.fill(0);
    else await readInto(target, content.path, content.offset);
  }
  return createHash('sha256').update(bytes).digest('hex');
}

async function keepPages(machine: ConformingMachine, path: string): Promise<MemoryRange[]> {
  const written: MemoryRange[] = [];
  await using file = await open(path, 'wx', 0o644);
  let at = 0;
  for await (const { offset, bytes } of machine.writtenPages(never)) {
    await file.writev([bytes], at);
    written.push({ offset, length: bytes.length, content: { path, offset: at } });
    at += bytes.length;
  }
  return written;
}

function part(range: MemoryRange, start: number, end: number): MemoryRange[] {
  if (start >= end) return [];
  const { offset, content } = range;
  const skipped = content === 'zero' ? content : { ...content, offset: content.offset + start - offset };
  return [{ offset: start, length: end - start, content: skipped }];
}

async function readInto(target: Buffer, path: string, offset: number): Promise<void> {
  await using file = await open(path);
  for (let at = 0; at < target.length; ) {
    const { bytesRead } = await file.read(target, at, target.length - at, offset + at);
    if (bytesRead === 0) throw new Error(`${path} ends at ${offset + at}`);
    at += bytesRead;
  }
}
