import { type ApiFault, asFault } from './fault.ts';
import { OneMore } from './one-more.ts';

export type LoadState<Value> =
  | { readonly kind: 'loading' }
  | { readonly kind: 'ready'; readonly value: Value }
  /** `value` is what was there before. */
  | { readonly kind: 'failed'; readonly fault: ApiFault; readonly value: Value | undefined };

/** Something that is read from the API, read again at will, and shown meanwhile as it was. */
export class Loaded<Value> {
  state = $state.raw<LoadState<Value>>({ kind: 'loading' });
  isBusy = $state(false);
  readonly #read: (signal: AbortSignal) => Promise<Value>;
  #under: AbortController | undefined;
  readonly #more = new OneMore();

  constructor(read: (signal: AbortSignal) => Promise<Value>) {
    this.#read = read;
    void this.reload();
  }

  get value(): Value | undefined {
    return this.state.kind === 'loading' ? undefined : this.state.value;
  }

  /**
   * In place of a read that is still under way; after the first one, which shows something earlier. Never throws: a
   * fault is a state.
   */
  async reload(): Promise<void> {
    if (this.#under !== undefined && this.state.kind === 'loading') return await this.#more.ask();
    this.#under?.abort();
    const under = new AbortController();
    this.#under = under;
    this.isBusy = true;
    try {
      const value = await this.#read(under.signal);
      if (this.#under === under) this.state = { kind: 'ready', value };
    } catch (thrown) {
      if (this.#under === under) this.state = { kind: 'failed', fault: asFault(thrown), value: this.value };
    } finally {
      if (this.#under === under) {
        this.#under = undefined;
        this.isBusy = false;
        this.#more.begin(() => this.reload());
      }
    }
  }

  /** Shows a value that is known already, as after a change that answered with it. */
  set(value: Value): void {
    this.#under?.abort();
    this.#under = undefined;
    this.isBusy = false;
    this.state = { kind: 'ready', value };
    this.#more.begin(() => this.reload());
  }
}
