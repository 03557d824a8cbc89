/**
 * When a capsule was last used. A use is a moment (`touch`) or lasts (`begin`); while one lasts the capsule is not
 * idle. Counted on the monotonic clock: setting the host's time must not make capsules idle.
 */
export class Activity {
  readonly #now: () => number;
  #lastAt: number;
  #underWay = 0;

  /** A capsule that has just come, by a start or by being found again, counts as used. `now` in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#lastAt = now();
  }

  touch(): void {
    this.#lastAt = this.#now();
  }

  /** A use that lasts until it is disposed of. */
  begin(): Disposable {
    this.touch();
    this.#underWay += 1;
    let isUnderWay = true;
    return {
      [Symbol.dispose]: () => {
        if (!isUnderWay) return;
        isUnderWay = false;
        this.#underWay -= 1;
        this.touch();
      },
    };
  }

  /** How long nobody has used it; 0 while somebody does. */
  idleMs(): number {
    return this.#underWay > 0 ? 0 : Math.max(0, this.#now() - this.#lastAt);
  }

  /** As a time of day. */
  get lastActiveAtMs(): number {
    return Date.now() - this.idleMs();
  }
}
