const place = 'wrenn.terminal';
export const fontSizes = [12, 13, 14, 16, 18, 22] as const;

interface Kept {
  readonly fontSize: number;
  readonly isForReaders: boolean;
  readonly copiesSelection: boolean;
  readonly user: string;
}
const usual: Kept = { fontSize: 14, isForReaders: false, copiesSelection: false, user: '' };

/** How somebody likes their terminals, in this browser. */
class Preferences {
  #kept = $state.raw<Kept>(read());

  /** In pixels. */
  get fontSize(): number {
    return this.#kept.fontSize;
  }

  /** Everything that is printed is also there for screen readers, which takes time. */
  get isForReaders(): boolean {
    return this.#kept.isForReaders;
  }

  /** What is selected is copied at once. */
  get copiesSelection(): boolean {
    return this.#kept.copiesSelection;
  }

  /** As whom the last terminal was opened; empty for the template's user. */
  get user(): string {
    return this.#kept.user;
  }

  change(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    localStorage.setItem(place, JSON.stringify(this.#kept));
  }
}

function read(): Kept {
  try {
    const kept: Partial<Kept> = JSON.parse(localStorage.getItem(place) ?? '{}');
    const fontSize = fontSizes.find((size) => size === kept.fontSize) ?? usual.fontSize;
    return {
      fontSize,
      isForReaders: kept.isForReaders === true,
      copiesSelection: kept.copiesSelection === true,
      user: typeof kept.user === 'string' ? kept.user : '',
    };
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return usual;
    throw thrown;
  }
}

export const preferences = new Preferences();
