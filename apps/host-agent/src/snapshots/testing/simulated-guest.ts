import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { type Machine, type MemorySource, pageBytes, type WrittenPages } from '../../engine/engine.ts';

/** Runs of written pages are cut into pieces of this many, so that they begin and end within ranges of maps. */
const longestRun = 7;

/** The memory that a machine would have that was started from `source`, read as an engine does it. */
export async function readMemory({ base, changes }: MemorySource): Promise<Buffer> {
  const memory = await readFile(base);
  for (const { offset, length, content } of changes) {
    if (offset + length > memory.length)
      throw new Error(`a change ends behind the memory: ${offset + length}`);
    if (content === 'zero') {
      memory.fill(0, offset, offset + length);
      continue;
    }
    const layer = await readFile(content.path);
    if (content.offset + length > layer.length) throw new Error(`a change reads behind ${content.path}`);
    layer.copy(memory, offset, content.offset, content.offset + length);
  }
  return memory;
}

/**
 * A guest's memory as a VMM has it. Where what is unwritten is as in the base, the memory is mapped privately over the base
 * file: a page is the process's own from its first write on, and a restore is a write too. Where it is as at the start,
 * the VMM keeps a log of what was written since.
 */
export class SimulatedGuest {
  readonly memory: Buffer;
  readonly unwritten: Machine['unwritten'];
  readonly #own = new Set<number>();

  private constructor(memory: Buffer, unwritten: Machine['unwritten']) {
    this.memory = memory;
    this.unwritten = unwritten;
  }

  static async start(source: MemorySource, unwritten: Machine['unwritten']): Promise<SimulatedGuest> {
    const guest = new SimulatedGuest(await readMemory(source), unwritten);
    if (unwritten === 'start') return guest;
    for (const { offset, length } of source.changes)
      for (let at = offset; at < offset + length; at += pageBytes) guest.#own.add(at / pageBytes);
    return guest;
  }

  get pages(): number {
    return this.memory.length / pageBytes;
  }

  write(page: number, content: Buffer = randomBytes(pageBytes)): void {
    content.copy(this.memory, page * pageBytes);
    this.#own.add(page);
  }

  zero(page: number): void {
    this.write(page, Buffer.alloc(pageBytes));
  }

  /** Writes what is there already: the page is the process's own afterwards, and reads the same. */
  touch(page: number): void {
    this.#own.add(page);
  }

  async *writtenPages(): AsyncIterable<WrittenPages> {
    const own = [...this.#own].toSorted((one, other) => one - other);
    // One buffer for all, as engines do: whoever keeps a reference to it reads something else later.
    const reused = Buffer.alloc(longestRun * pageBytes);
    while (own.length > 0) {
      const first = own[0] ?? 0;
      let count = 1;
      while (count < longestRun && own[count] === first + count) count += 1;
      own.splice(0, count);
      const end = (first + count) * pageBytes;
      this.memory.copy(reused, 0, first * pageBytes, end);
      yield { offset: first * pageBytes, bytes: reused.subarray(0, count * pageBytes) };
      reused.fill(0xee);
    }
  }
}
