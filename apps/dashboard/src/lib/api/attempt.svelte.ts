import { type ApiFault, asFault } from './fault.ts';

/** Something that a form or a button does: whether it is under way, and why it failed the last time. */
export class Attempt {
  busy = $state(false);
  fault = $state.raw<ApiFault>();

  /**
   * Does `work`, unless it is under way already: Enter sends a form a second time, whatever its button looks like. A
   * fault is kept and not thrown: `fault` says afterwards whether it was done.
   */
  async run(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.fault = undefined;
    try {
      await work();
    } catch (thrown) {
      this.fault = asFault(thrown);
    } finally {
      this.busy = false;
    }
  }

  /** For a form that begins anew. */
  clear(): void {
    this.fault = undefined;
  }
}
