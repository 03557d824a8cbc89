/** A read that is wanted when the one under way is over: one, however often it is asked for. */
export class OneMore {
  #asked: PromiseWithResolvers<void> | undefined;

  /** Settles when it is over. */
  ask(): Promise<void> {
    this.#asked ??= Promise.withResolvers<void>();
    return this.#asked.promise;
  }

  /** Begins it if it was asked for. `read` never rejects. */
  begin(read: () => Promise<void>): void {
    const asked = this.#asked;
    this.#asked = undefined;
    if (asked !== undefined) void read().then(asked.resolve);
  }
}
