/** What all processes together may have kept: an eighth of a small guest. */
const limitBytes = 32 * 1024 * 1024;
/** What is left to each running process when the limit is reached and no ended one has anything left to give. */
const minimumBytes = 64 * 1024;
/** The limit is looked at again only after this much more, so that a stream of small pieces does not pay for it. */
const stepBytes = 1024 * 1024;

/** More than this waiting for each of its readers stops the reading from a process's pipes. */
const highWaterBytes = 256 * 1024;

/** Output that is kept, and can be cut. */
export interface KeptOutput {
  readonly keptBytes: number;
  /** Forgets the oldest until at most `toBytes` are left, or until what is left is what a reader waits for. */
  cut(toBytes: number): void;
}

/**
 * What the output of all processes takes of the memory. Above the limit ended processes' output goes first, that of
 * the longest ended before that of others; then the longest of the running ones is cut.
 */
export class OutputBudget {
  readonly #running = new Set<KeptOutput>();
  readonly #ended = new Set<KeptOutput>();
  #keptBytes = 0;
  #nextLookBytes = limitBytes;

  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** How much may wait for the readers of a process: less when all of them together are behind by much. */
  get highWaterBytes(): number {
    return this.#keptBytes > limitBytes ? minimumBytes : highWaterBytes;
  }

  add(output: KeptOutput): void {
    this.#running.add(output);
  }

  /** It grows no more. */
  end(output: KeptOutput): void {
    if (this.#running.delete(output)) this.#ended.add(output);
  }

  /** It keeps nothing any more. */
  remove(output: KeptOutput): void {
    this.#running.delete(output);
    this.#ended.delete(output);
  }

  charge(bytes: number): void {
    this.#keptBytes += bytes;
    if (this.#keptBytes <= this.#nextLookBytes) return;
    this.#reclaim();
    this.#nextLookBytes = Math.max(limitBytes, this.#keptBytes + stepBytes);
  }

  refund(bytes: number): void {
    this.#keptBytes -= bytes;
    if (this.#keptBytes <= limitBytes) this.#nextLookBytes = limitBytes;
  }

  #reclaim(): void {
    for (const output of this.#ended) {
      if (this.#keptBytes <= limitBytes) return;
      output.cut(0);
    }
    const longestFirst = [...this.#running].toSorted((a, b) => b.keptBytes - a.keptBytes);
    for (const output of longestFirst) {
      if (this.#keptBytes <= limitBytes) return;
      output.cut(minimumBytes);
    }
  }
}
