/**
 * The resources of an operation, released in reverse order of their acquisition.
 *
 * Release goes on after a fault and reports all faults together. What is added after the release began is
 * released at once, so that a late arrival (a process that was just being spawned) is not forgotten.
 * `commit()` hands the resources over to whoever keeps them, and makes the release do nothing.
 */
export class Cleanup implements AsyncDisposable {
  readonly #steps: { name: string; release: () => Promise<void> | void }[] = [];
  #state: 'open' | 'released' | 'committed' = 'open';

  /** `name` says in logs what could not be released. */
  async add(name: string, release: () => Promise<void> | void): Promise<void> {
    if (this.#state === 'released') {
      await release();
      return;
    }
    this.#steps.push({ name, release });
  }

  commit(): void {
    this.#state = 'committed';
    this.#steps.length = 0;
  }

  async release(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'released';
    const faults: Error[] = [];
    for (const step of this.#steps.reverse()) {
      try {
        await step.release();
      } catch (cause) {
        faults.push(new Error(`releasing ${step.name}`, { cause }));
      }
    }
    if (faults.length > 0) throw new AggregateError(faults, faults.map((fault) => fault.message).join('; '));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.release();
  }
}
