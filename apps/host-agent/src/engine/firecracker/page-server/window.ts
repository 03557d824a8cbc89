import type { Part } from './working-set.ts';

const smallest = 64 << 10;
const largest = 2 << 20;

/**
 * How much is placed for one missing page: its neighbours are likely to be next, and a call costs more than a page. Twice
 * as much as before where a fault follows on the last window, so that a walk through memory takes few calls.
 */
export class Window {
  #length = smallest;
  #end = -1;

  around(offset: number): Part {
    this.#length = offset === this.#end ? Math.min(largest, this.#length * 2) : smallest;
    const start = offset - (offset % smallest);
    this.#end = start + this.#length;
    return { offset: start, length: this.#length };
  }
}
