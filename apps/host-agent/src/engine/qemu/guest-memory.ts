import { closeSync, openSync, writeSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemCode, WrennError } from '@wrenn/core';
import { readUpToSync } from '../../files/whole.ts';
import { isRunning, type ProcessIdentity } from '../../process/process-identity.ts';
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
/** Of pagemap read at a time, and how much memory it tells of. */
const scanBytes = 64 << 10;
const scannedBytes = (scanBytes / entryBytes) * pageBytes;
const zeros = Buffer.alloc(sliceBytes);

/** A machine's memory as its VMM has it: a private mapping of a file, of which what was written is the process's own. */
export class GuestMemory implements Disposable {
  readonly #mappings: readonly Mapping[];
  readonly #memory: number;
  readonly #pagemap: number;

  private constructor(mappings: readonly Mapping[], memory: number, pagemap: number) {
    this.#mappings = mappings;
    this.#memory = memory;
    this.#pagemap = pagemap;
  }

  /** Undefined while the process has not mapped all of `file`, of which only the name has to exist any more. */
  static async open(
    vmm: ProcessIdentity,
    { file, bytes }: { readonly file: string; readonly bytes: number },
  ): Promise<GuestMemory | undefined> {
    const maps = await readFile(`/proc/${vmm.pid}/maps`, 'latin1');
    const mappings = mappingsIn(maps, await withoutLinks(file));
    const mapped = mappings.reduce((sum, { length }) => sum + length, 0);
    if (mapped < bytes) return undefined;
    const memory = openSync(`/proc/${vmm.pid}/mem`, 'r+');
    let pagemap: number | undefined;
    try {
      pagemap = openSync(`/proc/${vmm.pid}/pagemap`, 'r');
      // What was opened is a process's own for good; whether it is of this one is only certain now.
      if (!(await isRunning(vmm)))
        throw new WrennError('agent_error', 'the virtual machine monitor has ended');
      return new GuestMemory(mappings, memory, pagemap);
    } catch (thrown) {
      closeSync(memory);
      if (pagemap !== undefined) closeSync(pagemap);
      throw thrown;
    }
  }

  /** What was written since the file was mapped, ascending. The caller sees to it that nothing is written meanwhile. */
  async *written(signal: AbortSignal): AsyncGenerator<WrittenPages> {
    const buffer = Buffer.alloc(sliceBytes);
    const entries = Buffer.alloc(scanBytes);
    const turns = new Turns(signal);
    for (const mapping of this.#mappings) {
      for (let done = 0; done < mapping.length; done += scannedBytes) {
        const address = mapping.address + done;
        const pages = Math.min(scannedBytes, mapping.length - done) / pageBytes;
        const part = entries.subarray(0, pages * entryBytes);
        readFully(this.#pagemap, part, (address / pageBytes) * entryBytes);
        for (const run of writtenRuns(part)) {
          const bytes = buffer.subarray(0, run.count * pageBytes);
          readFully(this.#memory, bytes, address + run.first * pageBytes);
          yield { offset: mapping.offset + done + run.first * pageBytes, bytes };
          await turns.did(bytes.length);
        }
        // Finding them takes about as long as copying a MiB.
        await turns.did(1 << 20);
      }
    }
  }

  /** Lays `changes` over what is mapped. */
  async lay(changes: readonly MemoryRange[], signal: AbortSignal): Promise<void> {
    const files = new Map<string, number>();
    const buffer = Buffer.alloc(sliceBytes);
    const turns = new Turns(signal);
    try {
      for (const { offset, length, content } of changes) {
        for (let done = 0; done < length; done += sliceBytes) {
          const part = Math.min(sliceBytes, length - done);
          const bytes = content === 'zero' ? zeros.subarray(0, part) : buffer.subarray(0, part);
          if (content !== 'zero') readFully(fileOf(files, content.path), bytes, content.offset + done);
          this.#write(bytes, offset + done);
          await turns.did(part);
        }
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

/**
 * The private, writable mappings of one file among the lines of /proc/PID/maps, ascending by their place in it. By its
 * name, not its inode: the process keeps what it mapped although the file was removed or replaced since.
 */
export function mappingsIn(maps: string, file: string): Mapping[] {
  const mappings: Mapping[] = [];
  const name = Buffer.from(file).toString('latin1').replaceAll('\n', '\\012');
  for (const line of maps.split('\n')) {
    const [, from, to, offset, path] =
      /^([0-9a-f]+)-([0-9a-f]+) rw.p ([0-9a-f]+) \S+ [1-9]\d* +(.*)$/.exec(line) ?? [];
    if (from === undefined || to === undefined || offset === undefined) continue;
    if (path !== name && path !== `${name} (deleted)`) continue;
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

/** Gives others their turn on this thread after each slice of work. */
class Turns {
  readonly #signal: AbortSignal;
  #bytes = 0;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  async did(bytes: number): Promise<void> {
    this.#bytes += bytes;
    if (this.#bytes < sliceBytes) return;
    this.#bytes = 0;
    await nextTurn();
    this.#signal.throwIfAborted();
  }
}

/** As the kernel names it. One that was removed cannot be asked any more, and is named as it was. */
async function withoutLinks(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return file;
    throw thrown;
  }
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
  const read = readUpToSync(file, bytes, position);
  if (read === bytes.length) return;
  throw new WrennError('agent_error', `reading memory at ${position + read}: it ends there`);
}
