import type { SearchAddon } from '@xterm/addon-search';
import { searchColours } from './palette.ts';

/** What somebody looks for on a screen, and how often it is there. */
export class ScreenSearch {
  text = $state('');
  caseSensitive = $state(false);
  regex = $state(false);
  /** Of what is found; the addon stops counting at a thousand. */
  found = $state.raw<{ readonly index: number; readonly count: number }>({ index: -1, count: 0 });
  /** The expression is none. */
  readonly isWrong = $derived(this.regex && !isExpression(this.text));
  readonly #addon: SearchAddon;

  constructor(addon: SearchAddon) {
    this.#addon = addon;
    addon.onDidChangeResults(({ resultIndex, resultCount }) => {
      this.found = { index: resultIndex, count: resultCount };
    });
  }

  find(way: 'next' | 'previous' | 'typed'): void {
    if (this.text === '' || this.isWrong) {
      this.stop();
      return;
    }
    const { caseSensitive, regex } = this;
    const options = { caseSensitive, regex, incremental: way === 'typed', decorations: searchColours() };
    if (way === 'previous') this.#addon.findPrevious(this.text, options);
    else this.#addon.findNext(this.text, options);
  }

  stop(): void {
    this.#addon.clearDecorations();
    this.found = { index: -1, count: 0 };
  }
}

function isExpression(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return false;
    throw thrown;
  }
}
