/** Many events that come together lead to one read. */
export const settleMs = 150;

/** Reads again what changes: one read at a time, so that changes that keep coming do not keep each from being shown. */
export class Rereading {
  readonly #read: () => Promise<void>;
  #isWanted = false;
  #isUnderWay = false;
  #isOver = false;

  /** `read` never rejects. */
  constructor(read: () => Promise<void>) {
    this.#read = read;
  }

  /** Reads soon; where a read is under way, which may be older than the change, another one after it. */
  ask(): void {
    this.#isWanted = true;
    if (!this.#isUnderWay) void this.#work();
  }

  /** No read begins any more. */
  stop(): void {
    this.#isOver = true;
  }

  async #work(): Promise<void> {
    this.#isUnderWay = true;
    while (this.#isWanted && !this.#isOver) {
      await new Promise((done) => setTimeout(done, settleMs));
      this.#isWanted = false;
      if (!this.#isOver) await this.#read();
    }
    this.#isUnderWay = false;
  }
}
