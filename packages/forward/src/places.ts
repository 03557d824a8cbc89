/** Bounds how many requests are here at once for each key, those among them that wait. */
export class Places<Key> {
  readonly #most: number;
  readonly #taken = new Map<Key, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** One place, until it is disposed of; undefined when all are taken. */
  take(key: Key): Disposable | undefined {
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= this.#most) return undefined;
    this.#taken.set(key, taken + 1);
    return { [Symbol.dispose]: () => this.#give(key) };
  }

  #give(key: Key): void {
    const left = (this.#taken.get(key) ?? 0) - 1;
    if (left > 0) this.#taken.set(key, left);
    else this.#taken.delete(key);
  }
}
