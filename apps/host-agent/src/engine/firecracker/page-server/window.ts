import type { Part } from './working-set.ts';

const smallest = 64 << 10;
/** Also what parts of memory are reckoned dense or not. */
const largest = 2 << 20;
/** A quarter of a dense part: no more than four times of what is asked for is placed. */
const denseFaults = largest / smallest / 4;

/**
 * How much is placed for one missing page: its neighbours are likely to be next, and a call costs more than a page. Twice
 * as much as before where a fault follows on the last window, so that a walk through memory takes few calls; and all
 * that is missing around it where many faults were near before, so that a guest which jumps about in its memory waits
 * seldom, and one that needs a little here and there is not given the rest.
 */
export class Window {
  #length = smallest;
  #end = -1;
  /** By number of the part of `largest` bytes. */
  readonly #faults = new Map<number, number>();

  around(offset: number): Part {
    if (offset === this.#end) return this.#from(offset, Math.min(largest, this.#length * 2));
    const length = this.#isDense(offset) ? largest : smallest;
    return this.#from(offset - (offset % length), length);
  }

  #from(offset: number, length: number): Part {
    this.#length = length;
    this.#end = offset + length;
    return { offset, length };
  }

  #isDense(offset: number): boolean {
    const part = Math.floor(offset / largest);
    const faults = this.#faults.get(part) ?? 0;
    this.#faults.set(part, faults + 1);
    return faults >= denseFaults;
  }
}
