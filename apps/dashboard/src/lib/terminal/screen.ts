import type { Terminal as Xterm } from '@xterm/xterm';
import type { Sink } from './feed.ts';
import { askAndOpenLink, openLink } from './links.ts';
import { palette } from './palette.ts';
import { preferences } from './preferences.svelte.ts';
import { ScreenSearch } from './screen-search.svelte.ts';
import { useGraphics } from './use-graphics.ts';
import { withholdAnswers } from './withhold-answers.ts';

/** Lines that can be scrolled back to. */
const scrollback = 10_000;

export interface ScreenSize {
  readonly cols: number;
  readonly rows: number;
}

export interface ScreenListener {
  /** Keys, or what a program asked for. */
  readonly onInput: (data: string | Uint8Array) => void;
  readonly onResize: (size: ScreenSize) => void;
  readonly onTitle: (title: string) => void;
  /** A key that is for the page: Ctrl and Shift with it. */
  readonly onShortcut: (key: string) => boolean;
}

/** Where a terminal is shown: xterm, which is loaded when the first one is. */
export class Screen implements Sink {
  /** While what is shown is shown once more, questions in it are not answered again. */
  answers: 'given' | 'withheld' = 'withheld';
  readonly search: ScreenSearch;
  readonly #xterm: Xterm;
  readonly #fit: () => void;
  #graphics: (() => void) | undefined;

  private constructor(xterm: Xterm, search: ScreenSearch, fit: () => void) {
    this.#xterm = xterm;
    this.search = search;
    this.#fit = fit;
  }

  /** `size` is that of a terminal that somebody else has; without it the terminal takes that of `element`. */
  static async open(
    element: HTMLElement,
    listener: ScreenListener,
    mode: 'edit' | 'view',
    size: ScreenSize | undefined,
  ): Promise<Screen> {
    const [{ Terminal }, { FitAddon }, { SearchAddon }, { WebLinksAddon }] = await Promise.all([
      import('@xterm/xterm'),
      import('@xterm/addon-fit'),
      import('@xterm/addon-search'),
      import('@xterm/addon-web-links'),
      import('@xterm/xterm/css/xterm.css'),
      // The width of a cell is measured when it is opened.
      document.fonts.load(`${preferences.fontSize}px "Wrenn Data"`),
    ]);
    const xterm = new Terminal({
      ...(size ?? {}),
      ...{
        scrollback,
        theme: palette(),
        fontFamily: '"Wrenn Data", monospace',
        fontSize: preferences.fontSize,
      },
      // Marks of what is searched for.
      allowProposedApi: true,
      ...{ cursorBlink: mode === 'edit', disableStdin: mode === 'view', minimumContrastRatio: 4.5 },
      ...{
        screenReaderMode: preferences.isForReaders,
        macOptionIsMeta: true,
        rescaleOverlappingGlyphs: true,
      },
      linkHandler: { activate: (_event, text) => askAndOpenLink(text) },
    });
    const fit = new FitAddon();
    const search = new SearchAddon();
    xterm.loadAddon(fit);
    xterm.loadAddon(search);
    xterm.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
    const screen = new Screen(
      xterm,
      new ScreenSearch(search),
      size === undefined ? () => fit.fit() : () => {},
    );
    screen.#listen(listener, mode);
    xterm.open(element);
    screen.fit();
    return screen;
  }

  write(bytes: Uint8Array, done: () => void): void {
    this.#xterm.write(bytes, done);
  }

  /** Done when everything before it is. */
  afterShown(act: () => void): void {
    this.#xterm.write('', act);
  }

  /** Of a terminal that somebody else has, once what was printed for the size before it is shown. */
  follow({ cols, rows }: ScreenSize): void {
    this.afterShown(() => this.#xterm.resize(cols, rows));
  }

  get size(): ScreenSize {
    return { cols: this.#xterm.cols, rows: this.#xterm.rows };
  }

  /** Takes the room that there is; one that is out of sight has none, and keeps its size. */
  fit(): void {
    const { element } = this.#xterm;
    if (element !== undefined && element.clientWidth > 0 && element.clientHeight > 0) this.#fit();
  }

  /** Pictures are painted by the graphics of the machine while it is in sight: browsers have few contexts. */
  async setSight(sight: 'seen' | 'hidden'): Promise<void> {
    this.#graphics?.();
    this.#graphics = undefined;
    if (sight === 'hidden') return;
    this.fit();
    this.#graphics = await useGraphics(this.#xterm);
  }

  restyle(): void {
    const { fontSize, isForReaders } = preferences;
    Object.assign(this.#xterm.options, { theme: palette(), fontSize, screenReaderMode: isForReaders });
    this.fit();
  }

  focus(): void {
    this.#xterm.focus();
  }

  clear(): void {
    this.#xterm.clear();
  }

  paste(text: string): void {
    this.#xterm.paste(text);
  }

  get selection(): string {
    return this.#xterm.getSelection();
  }

  /** The clipboard of pages that came without TLS is that of the event of copying, which xterm answers. */
  async copySelection(): Promise<void> {
    const { selection } = this;
    if (selection === '') return;
    if (navigator.clipboard === undefined) document.execCommand('copy');
    else await navigator.clipboard.writeText(selection);
  }

  dispose(): void {
    this.#graphics?.();
    this.#xterm.dispose();
  }

  #listen({ onInput, onResize, onTitle, onShortcut }: ScreenListener, mode: 'edit' | 'view'): void {
    const xterm = this.#xterm;
    withholdAnswers(xterm.parser, () => this.answers === 'withheld');
    if (mode === 'edit') {
      xterm.onData(onInput);
      xterm.onBinary((data) => onInput(Uint8Array.from(data, (character) => character.charCodeAt(0))));
      xterm.onResize(onResize);
    }
    xterm.onTitleChange(onTitle);
    xterm.onSelectionChange(() => {
      if (preferences.copiesSelection) void this.copySelection();
    });
    xterm.attachCustomKeyEventHandler((event) => this.#key(event, onShortcut));
  }

  /** Whether xterm takes the key. */
  #key(event: KeyboardEvent, onShortcut: (key: string) => boolean): boolean {
    const key = event.key.toLowerCase();
    const isChord = event.ctrlKey || event.metaKey;
    if (!isChord || event.altKey) return true;
    // The browser pastes by itself.
    if (key === 'v') return false;
    const isCopy = key === 'c' && (event.shiftKey || this.#xterm.hasSelection());
    const isOurs = event.shiftKey || event.metaKey;
    if (!isCopy && !isOurs) return true;
    if (event.type !== 'keydown') return !isCopy;
    if (isCopy) {
      void this.copySelection().then(() => this.#xterm.clearSelection());
    } else if (!onShortcut(key)) {
      return true;
    }
    event.preventDefault();
    return false;
  }
}
