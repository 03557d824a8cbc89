import type { Progress, Report } from '@wrenn/core';
import type { Colors } from '../output/colors.ts';
import { type Row, rowLine, tableLines } from './step-table.ts';

/** Where the renderer writes: a terminal, or a file or pipe that gets whole lines only. */
export interface Screen {
  readonly isTerminal: boolean;
  readonly rows: () => number;
  write(text: string): void;
}

/** How often the running times on a terminal move. */
const tickMs = 500;
/** On a pipe, notes of one step are at least this far apart. */
const noteEveryMs = 5_000;

/**
 * Shows the steps of a long operation. On a terminal there is one line per step, kept up to date in place; elsewhere
 * a line when a step starts and one when it ends, and the whole table at the end.
 */
export class Renderer implements Disposable {
  readonly #screen: Screen;
  readonly #colors: Colors;
  readonly #now: () => number;
  readonly #rows = new Map<string, Row>();
  readonly #notedAt = new Map<string, number>();
  readonly #ticker: NodeJS.Timeout | undefined;
  #paintedLines = 0;
  #finished = false;

  constructor(screen: Screen, colors: Colors, now: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#colors = colors;
    this.#now = now;
    if (screen.isTerminal) this.#ticker = setInterval(() => this.#paint(), tickMs).unref();
  }

  readonly report: Report = (progress) => {
    if (this.#finished) return;
    this.#record(progress);
    if (this.#screen.isTerminal) this.#paint();
    else this.#log(progress);
  };

  /** A line of its own, above the steps. */
  print(line: string): void {
    this.#erase();
    this.#screen.write(`${line}\n`);
    this.#paint();
  }

  /** The last state of the steps stays on the screen; later lines come below it. */
  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    clearInterval(this.#ticker);
    this.#erase();
    for (const [step, row] of this.#rows) {
      // What still runs when the renderer ends does so because of a failure.
      if (row.state === 'running')
        this.#rows.set(step, { ...row, state: 'unfinished', ms: this.#now() - row.beganAt });
    }
    for (const line of this.#lines()) this.#screen.write(`${line}\n`);
  }

  [Symbol.dispose](): void {
    this.finish();
  }

  #record(progress: Progress): void {
    const before = this.#rows.get(progress.step);
    const beganAt = before?.beganAt ?? this.#now();
    switch (progress.kind) {
      case 'started':
        this.#rows.set(progress.step, { state: 'running', beganAt: this.#now(), note: '' });
        break;
      case 'note':
        this.#rows.set(progress.step, { state: 'running', beganAt, note: progress.text });
        break;
      case 'finished':
        this.#rows.set(progress.step, { state: 'done', beganAt, ms: progress.ms, cached: progress.cached });
        break;
    }
  }

  #log(progress: Progress): void {
    const row = this.#rows.get(progress.step);
    if (row === undefined || (progress.kind === 'note' && !this.#mayNote(progress.step))) return;
    this.#screen.write(`${rowLine(progress.step, row, this.#now(), this.#colors)}\n`);
  }

  #mayNote(step: string): boolean {
    const last = this.#notedAt.get(step) ?? Number.NEGATIVE_INFINITY;
    if (this.#now() - last < noteEveryMs) return false;
    this.#notedAt.set(step, this.#now());
    return true;
  }

  #lines(): string[] {
    return tableLines(this.#rows, this.#now(), this.#colors);
  }

  #paint(): void {
    if (!this.#screen.isTerminal || this.#finished) return;
    // A block that is taller than the screen could not be painted over.
    const lines = this.#lines().slice(-Math.max(1, this.#screen.rows() - 2));
    this.#erase();
    // Without line wrap a long line stays one line, however narrow the terminal is.
    this.#screen.write(`\x1b[?7l${lines.map((line) => `${line}\n`).join('')}\x1b[?7h`);
    this.#paintedLines = lines.length;
  }

  #erase(): void {
    if (this.#paintedLines > 0) this.#screen.write(`\x1b[${this.#paintedLines}A\x1b[0J`);
    this.#paintedLines = 0;
  }
}
