import { closeSync, fstatSync, openSync } from 'node:fs';
import { type MemoryMapping, mapFile } from '@wrenn/sys';
import { type MemoryRange, type MemorySource, pageBytes } from '../../engine.ts';

/** Pages in a row that come from one place. */
export type Stretch =
  | { readonly kind: 'zero'; readonly length: number }
  /** At `address` in this process; `path` is where they come from. */
  | { readonly kind: 'bytes'; readonly length: number; readonly address: bigint; readonly path: string };

/**
 * The memory of a snapshot, mapped from the files that hold it: a page is found in its layer at once, and is copied from
 * the page cache by the kernel. Nothing of it is read here.
 */
export class PageSource implements Disposable {
  readonly #base: File;
  readonly #changes: readonly MemoryRange[];
  readonly #files: ReadonlyMap<string, File>;

  private constructor(base: File, changes: readonly MemoryRange[], files: ReadonlyMap<string, File>) {
    this.#base = base;
    this.#changes = changes;
    this.#files = files;
  }

  /** Opens everything. Throws what opening a file does, and RangeError for a range that is not in its file. */
  static open({ base, changes }: MemorySource, memoryBytes: number): PageSource {
    const files = new Map<string, File>();
    try {
      const whole = fileOf(files, base);
      if (whole.bytes < memoryBytes) throw new RangeError(`${base} is smaller than the memory`);
      for (const { offset, length, content } of changes) {
        if (offset + length > memoryBytes) throw new RangeError('a change is beyond the memory');
        if (content !== 'zero' && content.offset + length > fileOf(files, content.path).bytes)
          throw new RangeError(`${content.path} is shorter than it is said to be`);
      }
      return new PageSource(whole, changes, files);
    } catch (thrown) {
      for (const { mapping } of files.values()) mapping[Symbol.dispose]();
      throw thrown;
    }
  }

  /** The longest part from `offset` on that comes from one place, `most` bytes at the most. */
  stretch(offset: number, most: number): Stretch {
    const next = this.#rangeAfter(offset);
    const range = this.#changes[next - 1];
    if (range === undefined || offset >= range.offset + range.length) {
      const until = this.#changes[next]?.offset ?? offset + most;
      return bytesOf(this.#base, offset, Math.min(most, until - offset));
    }
    const length = Math.min(most, range.offset + range.length - offset);
    if (range.content === 'zero') return { kind: 'zero', length };
    const file = this.#files.get(range.content.path);
    if (file === undefined) throw new TypeError(`${range.content.path} was not opened`);
    return bytesOf(file, range.content.offset + offset - range.offset, length);
  }

  [Symbol.dispose](): void {
    for (const { mapping } of this.#files.values()) mapping[Symbol.dispose]();
  }

  /** The index of the first range that begins behind `offset`. */
  #rangeAfter(offset: number): number {
    let [low, high] = [0, this.#changes.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#changes[middle]?.offset ?? Number.POSITIVE_INFINITY) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface File {
  readonly path: string;
  readonly bytes: number;
  readonly mapping: MemoryMapping;
}

function bytesOf({ mapping, path }: File, offset: number, length: number): Stretch {
  return { kind: 'bytes', length, address: mapping.address + BigInt(offset), path };
}

function fileOf(files: Map<string, File>, path: string): File {
  const known = files.get(path);
  if (known !== undefined) return known;
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    const bytes = Math.floor(size / pageBytes) * pageBytes;
    if (bytes === 0) throw new RangeError(`${path} holds no page`);
    // Not copied anywhere before the kernel copies a page of it, and shared with all who map it.
    const file = { path, bytes, mapping: mapFile(fd, bytes, { access: 'read', sharing: 'shared' }) };
    files.set(path, file);
    return file;
  } finally {
    closeSync(fd);
  }
}
