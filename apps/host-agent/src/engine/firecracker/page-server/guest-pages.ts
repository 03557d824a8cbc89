import { copyPages, zeroPages } from '@wrenn/sys';
import { pageBytes } from '../../engine.ts';
import type { PageSource } from './page-source.ts';
import type { Region } from './regions.ts';
import type { Part } from './working-set.ts';

/** A page that the guest needs cannot be had any more. */
export class PageFault extends Error {
  override readonly name = 'PageFault';
}

/**
 * `placed`: all is there. `changing`: an event has to be read before more can be placed. `gone`: there is no machine any
 * more that it could be placed for.
 */
export type Placement = 'placed' | 'changing' | 'gone';

/** The guest's memory as the VMM has it: which pages are there, and which are zeros from now on. */
export class GuestPages {
  readonly #userfaultfd: number;
  readonly #regions: readonly Region[];
  readonly #source: PageSource;
  /** By page of the guest's memory. A page that the kernel says is there although we did not place it is noted too. */
  readonly #present: Uint8Array;
  /** What the guest gave back: it must never see again what was there. */
  readonly #removed: Uint8Array;

  constructor(userfaultfd: number, regions: readonly Region[], source: PageSource, memoryBytes: number) {
    this.#userfaultfd = userfaultfd;
    this.#regions = regions;
    this.#source = source;
    this.#present = new Uint8Array(memoryBytes / pageBytes);
    this.#removed = new Uint8Array(memoryBytes / pageBytes);
  }

  /**
   * Where the page that somebody waits for is in the guest's memory; undefined where it is not in it. It is missing, whatever
   * was seen before: what is given back is told before it is gone, and seems to be there in between.
   */
  missing(address: bigint): number | undefined {
    const region = this.#regions.find(
      (each) => address >= each.address && address < each.address + BigInt(each.length),
    );
    if (region === undefined) return undefined;
    const page = Math.floor((region.offset + Number(address - region.address)) / pageBytes);
    this.#present[page] = 0;
    return page * pageBytes;
  }

  remove(start: bigint, end: bigint): void {
    for (const { address, length, offset } of this.#regions) {
      const last = address + BigInt(length);
      const from = start > address ? start : address;
      const to = end < last ? end : last;
      if (from >= to) continue;
      const first = (offset + Number(from - address)) / pageBytes;
      const behind = first + Number(to - from) / pageBytes;
      this.#removed.fill(1, first, behind);
      this.#present.fill(0, first, behind);
    }
  }

  /** The part of `part` that is in one region of memory with `offset`. */
  clipped(part: Part, offset: number): Part | undefined {
    const region = this.#regions.find((each) => offset >= each.offset && offset < each.offset + each.length);
    if (region === undefined) return undefined;
    const from = Math.max(part.offset, region.offset);
    const to = Math.min(part.offset + part.length, region.offset + region.length);
    return { offset: from, length: to - from };
  }

  /** Places what is not there yet of a part that lies in one region. Throws PageFault. */
  place({ offset, length }: Part): Placement {
    const end = offset + length;
    for (let at = this.#nextMissing(offset, end); at < end; at = this.#nextMissing(at, end)) {
      const outcome = this.#placeRun(at, this.#runLength(at, end));
      if (outcome !== 'placed') return outcome;
    }
    return 'placed';
  }

  /** The start of a run of pages that are missing and of one kind. */
  #placeRun(offset: number, most: number): Placement {
    const page = offset / pageBytes;
    const stretch =
      this.#removed[page] === 1
        ? ({ kind: 'zero', length: most } as const)
        : this.#source.stretch(offset, most);
    const to = this.#addressOf(offset);
    const { kind, bytes } =
      stretch.kind === 'zero'
        ? zeroPages(this.#userfaultfd, to, stretch.length)
        : copyPages(this.#userfaultfd, to, stretch.address, stretch.length);
    switch (kind) {
      case 'done':
        this.#present.fill(1, page, page + bytes / pageBytes);
        return 'placed';
      case 'present':
        this.#present[page] = 1;
        return 'placed';
      case 'changing':
      case 'gone':
        return kind;
      case 'fault':
        throw new PageFault(
          `${stretch.kind === 'bytes' ? stretch.path : 'memory'} cannot be read any more, for the page at ${offset}`,
        );
    }
  }

  #nextMissing(offset: number, end: number): number {
    return indexIn(this.#present, 0, offset / pageBytes, end / pageBytes) * pageBytes;
  }

  /** Of missing pages from `offset` on that were all removed, or none of them. */
  #runLength(offset: number, end: number): number {
    const first = offset / pageBytes;
    const last = end / pageBytes;
    const present = indexIn(this.#present, 1, first, last);
    const behind = indexIn(this.#removed, this.#removed[first] === 1 ? 0 : 1, first, present);
    return (behind - first) * pageBytes;
  }

  #addressOf(offset: number): bigint {
    const region = this.#regions.find((each) => offset >= each.offset && offset < each.offset + each.length);
    if (region === undefined) throw new PageFault(`the machine has no memory at ${offset}`);
    return region.address + BigInt(offset - region.offset);
  }
}

/** Where the first `value` is from `first` on; `last` where none is before that. */
function indexIn(bytes: Uint8Array, value: number, first: number, last: number): number {
  const index = bytes.subarray(first, last).indexOf(value);
  return index < 0 ? last : first + index;
}
