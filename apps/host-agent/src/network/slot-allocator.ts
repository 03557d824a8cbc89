import { isCapsuleSlot, type SlotRange } from './slot-range.ts';

/**
 * Gives out the indexes of a range in turn, so that the address of a capsule that has ended is the last one to be
 * used again: what still travels towards it on the network does not meet its successor.
 */
export class SlotAllocator {
  readonly #range: SlotRange;
  readonly #taken = new Set<number>();
  #last: number;

  constructor(range: SlotRange) {
    this.#range = range;
    this.#last = range.first;
  }

  get free(): number {
    return this.#range.count - 1 - this.#taken.size;
  }

  isTaken(index: number): boolean {
    return this.#taken.has(index);
  }

  /** The next free index, or undefined when all are taken. */
  take(): number | undefined {
    if (this.free === 0) return undefined;
    do this.#last = this.#after(this.#last);
    while (this.#taken.has(this.#last));
    this.#taken.add(this.#last);
    return this.#last;
  }

  /** Takes this very index; false when it is taken already. */
  claim(index: number): boolean {
    if (!isCapsuleSlot(this.#range, index)) throw new RangeError(`slot ${index} is not in this range`);
    if (this.#taken.has(index)) return false;
    this.#taken.add(index);
    return true;
  }

  giveBack(index: number): void {
    if (!this.#taken.delete(index)) throw new RangeError(`slot ${index} was not taken`);
  }

  #after(index: number): number {
    const { first, count } = this.#range;
    return index + 1 < first + count ? index + 1 : first + 1;
  }
}
