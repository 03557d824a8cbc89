import type { DraftKind } from '../files/draft-name.ts';

/** The second half of a rename follows the first at once but for what others do meanwhile. */
const limit = 64;

/** Drafts of uploads that were renamed, and whose new name is still to come, by the cookie of both events. */
export class DraftRenames {
  readonly #kinds = new Map<number, DraftKind>();

  remember(cookie: number, kind: DraftKind): void {
    const oldest = this.#kinds.size < limit ? undefined : this.#kinds.keys().next().value;
    if (oldest !== undefined) this.#kinds.delete(oldest);
    this.#kinds.set(cookie, kind);
  }

  /** Undefined when what was renamed is no draft. */
  take(cookie: number): DraftKind | undefined {
    const kind = this.#kinds.get(cookie);
    this.#kinds.delete(cookie);
    return kind;
  }
}
