export type LogStream = 'stdout' | 'stderr';

export interface LogLine {
  /** Counts up from 1 through what a step writes. */
  readonly number: number;
  readonly stream: LogStream;
  readonly text: string;
}

/** As many lines as somebody scrolls through; those before are dropped. */
const mostLines = 10_000;
/** Of one line; no reader wants more, and no page draws it. */
const longestLine = 2_000;

interface OpenLine extends LogLine {
  /** As it came. */
  readonly raw: string;
}

/** What a program writes, as lines: a return overwrites the line, as on a screen, and colours are left out. */
export class LogText {
  #lines: OpenLine[] = [];
  /** The line of each stream that has no end yet. */
  readonly #open = new Map<LogStream, number>();
  #last = 0;

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  /** How many of the first are not kept. */
  get dropped(): number {
    return this.#last - this.#lines.length;
  }

  add(stream: LogStream, text: string): void {
    const pieces = text.split('\n');
    for (const [index, piece] of pieces.entries()) {
      const isEnded = index < pieces.length - 1;
      if (piece !== '' || isEnded) this.#append(stream, piece);
      if (isEnded) this.#open.delete(stream);
    }
    // In one go for many: what is dropped is moved once.
    if (this.#lines.length > mostLines) this.#lines = this.#lines.slice(-mostLines);
  }

  /** Another array than before: who shows it sees that it has changed. */
  copy(): readonly LogLine[] {
    return [...this.#lines];
  }

  #append(stream: LogStream, piece: string): void {
    const number = this.#open.get(stream);
    const index = number === undefined ? -1 : number - 1 - this.dropped;
    const before = this.#lines[index];
    if (before === undefined) {
      this.#last += 1;
      this.#open.set(stream, this.#last);
      this.#lines.push(lineOf(this.#last, stream, piece));
    } else this.#lines[index] = lineOf(before.number, stream, before.raw + piece);
  }
}

function lineOf(number: number, stream: LogStream, given: string): OpenLine {
  // One at the very end overwrites nothing yet.
  const raw = given.slice(given.lastIndexOf('\r', given.length - 2) + 1).slice(0, longestLine * 2);
  const text = shown(raw);
  const cut = text.length > longestLine ? `${text.slice(0, longestLine).toWellFormed()}…` : text;
  return { number, stream, raw, text: cut };
}

/** Sequences that colour or move, and what else has no form of its own. */
const sequence = /(?!\t)\p{Cc}\[[0-9;?]*[ -/]*[@-~]/gu;
const control = /(?!\t)\p{Cc}/gu;

function shown(raw: string): string {
  return raw.replace(sequence, '').replace(control, '');
}
