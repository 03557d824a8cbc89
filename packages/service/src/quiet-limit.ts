/**
 * Calls `onQuiet` once nothing was heard for `ms`: for work whose length cannot be known, but which says from time to
 * time how far it is.
 */
export class QuietLimit implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #isOver = false;

  constructor(ms: number, onQuiet: () => void) {
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      onQuiet();
    }, ms);
  }

  heard(): void {
    if (!this.#isOver) this.#timer.refresh();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }
}
