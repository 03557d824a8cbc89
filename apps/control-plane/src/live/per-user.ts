import { WrennError } from '@wrenn/core';

const mostOfOne = 20;

/** How many streams each user, or key, has open here: browsers open one for each of their pages. */
export class PerUser {
  readonly #open = new Map<string, number>();

  /** Counts one more until what it returns is called. Throws `rate_limited` beyond the most. */
  enter(who: string): () => void {
    const open = this.#open.get(who) ?? 0;
    if (open >= mostOfOne) {
      throw new WrennError('rate_limited', `there are ${mostOfOne} streams of this user already`, {
        remedy: 'close some of the pages that follow what changes',
        retryAfterSec: 10,
      });
    }
    this.#open.set(who, open + 1);
    return () => this.#leave(who);
  }

  #leave(who: string): void {
    const open = (this.#open.get(who) ?? 0) - 1;
    if (open > 0) this.#open.set(who, open);
    else this.#open.delete(who);
  }
}
