import { type ApiFault, asFault } from './fault.ts';
import { OneMore } from './one-more.ts';

export interface PageOf<Item, Cursor> {
  readonly items: readonly Item[];
  /** Of the page that follows; undefined at the end. */
  readonly next: Cursor | undefined;
}

/** A list that grows by pages as far as somebody scrolls. */
export class Paged<Item, Cursor> {
  items = $state.raw<readonly Item[]>([]);
  fault = $state.raw<ApiFault>();
  isBusy = $state(false);
  isWhole = $state(false);
  readonly #read: (cursor: Cursor | undefined, signal: AbortSignal) => Promise<PageOf<Item, Cursor>>;
  #next: Cursor | undefined;
  #under: AbortController | undefined;
  readonly #more = new OneMore();

  constructor(read: (cursor: Cursor | undefined, signal: AbortSignal) => Promise<PageOf<Item, Cursor>>) {
    this.#read = read;
  }

  /** From the beginning; what is shown stays until the first page is there. */
  async restart(): Promise<void> {
    this.#under?.abort();
    this.#under = undefined;
    this.#next = undefined;
    this.isWhole = false;
    await this.#page([]);
  }

  /** Does nothing while a page is on its way, or where there are no more. */
  async more(): Promise<void> {
    if (this.#under === undefined && !this.isWhole && this.fault === undefined) await this.#page(this.items);
  }

  /**
   * Reads again what was read already, and shows it when all of it is there. What is being read may be older than the
   * reason to ask, but it is not given up: where reasons keep coming, nothing would ever be shown.
   */
  async reload(): Promise<void> {
    if (this.#under === undefined) await this.#pages(undefined, [], this.items.length);
    else await this.#more.ask();
  }

  async retry(): Promise<void> {
    this.fault = undefined;
    if (this.#next === undefined) await this.restart();
    else await this.more();
  }

  async #page(before: readonly Item[]): Promise<void> {
    await this.#pages(this.#next, before, before.length + 1);
  }

  /** What comes after `before`, until there are `least` items or no more. */
  async #pages(from: Cursor | undefined, before: readonly Item[], least: number): Promise<void> {
    const under = new AbortController();
    this.#under = under;
    this.isBusy = true;
    try {
      let items = before;
      let next = from;
      do {
        const page = await this.#read(next, under.signal);
        if (this.#under !== under) return;
        items = [...items, ...page.items];
        next = page.next;
      } while (next !== undefined && items.length < least);
      this.items = items;
      this.#next = next;
      this.isWhole = next === undefined;
      this.fault = undefined;
    } catch (thrown) {
      if (this.#under === under) this.fault = asFault(thrown);
    } finally {
      if (this.#under === under) {
        this.#under = undefined;
        this.isBusy = false;
        this.#more.begin(() => this.reload());
      }
    }
  }
}
