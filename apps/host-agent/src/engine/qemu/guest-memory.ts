import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WrennError } from '@wrenn/core';
import { type MemoryRange, pageBytes, type WrittenPages } from '../engine.ts';

/** A part of a process that is a machine's memory. */
interface Mapping {
  readonly address: number;
  readonly length: number;
  /** In the memory file, which is where it is in the guest's memory. */
  readonly offset: number;
}

/** Of the upper half of an entry of /proc/PID/pagemap, from the kernel's admin-guide/mm/pagemap.rst. */
const flags = { present: 1 << 31, swapped: 1 << 30, ofFile: 1 << 29 } as const;
const entryBytes = 8;
/** How much is read or written before others have their turn on this thread. */
const sliceBytes = 4 << 20;
const zeros = Buffer.alloc(sliceBytes);

/** A machine's memory as its VMM has it: a private mapping of a file, of which what was written is the process's own. */
export class GuestMemory implements Disposable {
  readonly #mappings: readonly Mapping[];
  readonly #memory: number;
  readonly #pagemap: number;

  private constructor(pid: number, mappings: readonly Mapping[]) {
    this.#mappings = mappings;
    this.#memory = openSync(`/proc/${pid}/mem`, 'r+');
    this.#pagemap = openSync(`/proc/${pid}/pagemap`, 'r');
  }

  /** Undefined while the process has not mapped all of `file`. */
  static async open(pid: number, file: string): Promise<GuestMemory | undefined> {
    const { ino, size } = await stat(file);
    const mappings = mappingsIn(await readFile(`/proc/${pid}/maps`, 'utf8'), ino);
    const mapped = mappings.reduce((sum, { length }) => sum + length, 0);
    return mapped < size ? undefined : new GuestMemory(pid, mappings);
  }

  /** What was written since the file was mapped, ascending. The caller sees to it that nothing is written meanwhile. */
  async *written(signal: AbortSignal): AsyncGenerator<WrittenPages> {
    const buffer = Buffer.alloc(sliceBytes);
    for (const { address, length, offset } of this.#mappings) {
      const entries = Buffer.alloc((length / pageBytes) * entryBytes);
      readFully(this.#pagemap, entries, (address / pageBytes) * entryBytes);
      for (const run of writtenRuns(entries)) {
        signal.throwIfAborted();
        const bytes = buffer.subarray(0, run.count * pageBytes);
        readFully(this.#memory, bytes, address + run.first * pageBytes);
        yield { offset: offset + run.first * pageBytes, bytes };
      }
      await nextTurn();
    }
  }

  /** Lays `changes` over what is mapped. */
  async lay(changes: readonly MemoryRange[], signal: AbortSignal): Promise<void> {
    const files = new Map<string, number>();
    const buffer = Buffer.alloc(sliceBytes);
    let sinceTurn = 0;
    try {
      for (const { offset, length, content } of changes) {
        for (let done = 0; done < length; done += sliceBytes) {
          const part = Math.min(sliceBytes, length - done);
          const bytes = content === 'zero' ? zeros.subarray(0, part) : buffer.subarray(0, part);
          if (content !== 'zero') readFully(fileOf(files, content.path), bytes, content.offset + done);
          this.#write(bytes, offset + done);
          sinceTurn += part;
        }
        if (sinceTurn < sliceBytes) continue;
        sinceTurn = 0;
        await nextTurn();
        signal.throwIfAborted();
      }
    } finally {
      for (const file of files.values()) closeSync(file);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#memory);
    closeSync(this.#pagemap);
  }

  #write(bytes: Buffer, offset: number): void {
    const mapping = this.#mappings.find(
      (each) => offset >= each.offset && offset + bytes.length <= each.offset + each.length,
    );
    if (mapping === undefined) throw new WrennError('agent_error', `the machine has no memory at ${offset}`);
    const written = writeSync(
      this.#memory,
      bytes,
      0,
      bytes.length,
      mapping.address + offset - mapping.offset,
    );
    if (written !== bytes.length)
      throw new WrennError('agent_error', `writing the machine's memory at ${offset}: it ended early`);
  }
}

/** Those of one file among the lines of /proc/PID/maps, ascending by their place in it. */
export function mappingsIn(maps: string, inode: number): Mapping[] {
  const mappings: Mapping[] = [];
  for (const line of maps.split('\n')) {
    const [, from, to, offset, file] = /^([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ (\d+)/.exec(line) ?? [];
    if (from === undefined || to === undefined || offset === undefined || Number(file) !== inode) continue;
    const address = Number.parseInt(from, 16);
    mappings.push({
      address,
      length: Number.parseInt(to, 16) - address,
      offset: Number.parseInt(offset, 16),
    });
  }
  return mappings.toSorted((a, b) => a.offset - b.offset);
}

/** Pages in a row, a slice of memory at the most each, that are the process's own and no longer the file's. */
export function* writtenRuns(entries: Buffer): Generator<{ first: number; count: number }> {
  const longest = sliceBytes / pageBytes;
  const count = entries.length / entryBytes;
  let first = -1;
  for (let page = 0; page < count; page++) {
    const upper = entries.readInt32LE(page * entryBytes + 4);
    const isOwn =
      ((upper & flags.present) !== 0 && (upper & flags.ofFile) === 0) || (upper & flags.swapped) !== 0;
    if (isOwn && first < 0) first = page;
    if (first >= 0 && (!isOwn || page - first === longest)) {
      yield { first, count: page - first };
      first = isOwn ? page : -1;
    }
  }
  if (first >= 0) yield { first, count: count - first };
}

function fileOf(files: Map<string, number>, path: string): number {
  const known = files.get(path);
  if (known !== undefined) return known;
  const file = openSync(path, 'r');
  files.set(path, file);
  return file;
}

/** Reads exactly as much as `bytes` holds; a file that ends before is a fault. */
function readFully(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length; ) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0)
      throw new WrennError('agent_error', `reading memory at ${position + done}: it ends there`);
    done += read;
  }
}
