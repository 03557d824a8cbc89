import { SvelteSet } from 'svelte/reactivity';
import { Paged } from '#lib/api/paged.svelte.ts';
import { live } from '#lib/live/live.svelte.ts';
import type { CapsuleCalls } from './calls.ts';
import type { Capsule } from './capsule.ts';
import { fits, type ListQuery, placeOf } from './list-query.ts';

/** Between one read of the whole list and the next. */
const restMs = 2_000;
/** How long a row is marked that was not there before. */
const freshMs = 4_000;

/** The list of capsules as it is shown: pages of it, and what has changed in them since. */
export class CapsuleList {
  readonly paged: Paged<Capsule, string>;
  readonly selected = new SvelteSet<string>();
  /** IDs of those that came while the list was looked at. */
  readonly fresh = new SvelteSet<string>();
  #query: ListQuery;
  /** While it is set the list is being read again, or was a moment ago. */
  #rereading: 'once' | 'again' | undefined;

  constructor(calls: CapsuleCalls, query: ListQuery) {
    this.#query = query;
    this.paged = new Paged((cursor, signal) => calls.list(this.#query, cursor, signal));
  }

  async show(query: ListQuery): Promise<void> {
    this.#query = query;
    this.selected.clear();
    await this.paged.restart();
  }

  /** Until the returned function is called. */
  follow(): () => void {
    return live.listen({
      kinds: ['capsule'],
      onChange: (_, { id, capsule }) => {
        // What is being read may be from before this change, and takes its place.
        if (this.paged.isBusy) this.#reread();
        if (capsule !== undefined) this.put(capsule as Capsule);
        else if (id !== undefined && this.paged.items.some((item) => item.id === id)) this.#reread();
      },
      onResync: () => this.#reread(),
    });
  }

  /** Shows a capsule as it is now: in its row, in a new one, or no more. A row keeps its place while it is looked at. */
  put(capsule: Capsule): void {
    const { items, isWhole } = this.paged;
    const at = items.findIndex(({ id }) => id === capsule.id);
    if (!fits(capsule, this.#query)) {
      this.selected.delete(capsule.id);
      if (at !== -1) this.paged.items = items.toSpliced(at, 1);
    } else if (at !== -1) {
      this.paged.items = items.with(at, capsule);
    } else {
      const place = placeOf(capsule, items, this.#query);
      if (place === items.length && !isWhole) return;
      this.paged.items = items.toSpliced(place, 0, capsule);
      this.fresh.add(capsule.id);
      setTimeout(() => this.fresh.delete(capsule.id), freshMs);
    }
  }

  /** However often it is asked for: one read is under way, and one more follows. A burst of changes must not starve it. */
  #reread(): void {
    if (this.#rereading !== undefined) {
      this.#rereading = 'again';
      return;
    }
    this.#rereading = 'once';
    void this.paged.reload().then(() => {
      setTimeout(() => {
        const isAsked = this.#rereading === 'again';
        this.#rereading = undefined;
        if (isAsked) this.#reread();
      }, restMs);
    });
  }

  get chosen(): readonly Capsule[] {
    return this.paged.items.filter(({ id }) => this.selected.has(id));
  }
}
