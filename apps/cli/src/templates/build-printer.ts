import { stripVTControlCharacters } from 'node:util';
import type { BuildEvent } from '@wrenn/sdk';
import type { Colors } from '../output/colors.ts';
import { formatDuration } from '../output/duration.ts';

type LogEvent = Exclude<BuildEvent, { type: 'over' }>;

const indent = '      ';

export interface BuildPrinterOptions {
  readonly write: (text: string) => void;
  readonly colors: Colors;
  /** As far as it is known before. */
  readonly totalSteps: number;
}

/** Shows the log of a build as it comes: each step with its time, and below it what it writes. */
export class BuildPrinter {
  readonly #write: (text: string) => void;
  readonly #colors: Colors;
  readonly #totalSteps: number;
  /** Of each stream, the last line as far as it came. */
  readonly #begun = { stdout: '', stderr: '' };
  /** Whether the line of a step waits for how it ends. */
  #open = false;

  constructor({ write, colors, totalSteps }: BuildPrinterOptions) {
    this.#write = write;
    this.#colors = colors;
    this.#totalSteps = totalSteps;
  }

  show(event: LogEvent): void {
    switch (event.type) {
      case 'begin': {
        this.finish();
        const of = Math.max(event.step, this.#totalSteps);
        this.#write(`${this.#colors.dim(`[${event.step}/${of}]`)} ${titleOf(event.text)}`);
        this.#open = true;
        break;
      }
      case 'stdout':
      case 'stderr': {
        const lines = (this.#begun[event.type] + event.text).split('\n');
        this.#begun[event.type] = lines.pop() ?? '';
        for (const line of lines) this.#line(printable(line));
        break;
      }
      case 'note':
        this.#flush();
        this.#line(this.#colors.yellow(printable(event.text)));
        break;
      case 'end':
        this.#flush();
        this.#write(`${this.#open ? '  ' : indent}${this.#endOf(event)}\n`);
        this.#open = false;
        break;
    }
  }

  /** Nothing more comes: what has no end is shown as far as it is there. */
  finish(): void {
    this.#flush();
    if (this.#open) this.#write('\n');
    this.#open = false;
  }

  #endOf({ ok, cached, elapsedMs }: LogEvent & { type: 'end' }): string {
    const { green, red, dim } = this.#colors;
    if (cached) return dim('cached');
    const time = formatDuration(elapsedMs);
    return ok ? green(time) : red(`failed after ${time}`);
  }

  #flush(): void {
    for (const name of ['stdout', 'stderr'] as const) {
      if (this.#begun[name] !== '') this.#line(printable(this.#begun[name]));
      this.#begun[name] = '';
    }
  }

  #line(line: string): void {
    if (this.#open) this.#write('\n');
    this.#open = false;
    this.#write(line === '' ? '\n' : `${indent}${line}\n`);
  }
}

/** Of several lines the first. */
function titleOf(text: string): string {
  const [first = '', ...others] = text.split('\n');
  return printable(others.length === 0 ? first : `${first.replace(/[ \t]*\\?$/, '')} …`);
}

/** What a guest writes may hold anything, also what a terminal obeys. Of a line that is written over, the last is left. */
function printable(line: string): string {
  const last = line.replace(/\r$/, '').split('\r').at(-1) ?? '';
  return stripVTControlCharacters(last).replaceAll(/[^\P{Cc}\t]/gu, '?');
}
