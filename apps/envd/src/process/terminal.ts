import { writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { systemCode } from '@wrenn/core';
import { resizeTerminal, type TerminalSize } from '@wrenn/sys';
import { checkInputLimit, closedInput } from './input-limit.ts';

/** Written in one turn of the event loop, which other terminals share. */
const turnBytes = 64 * 1024;
/** How long a full terminal is left alone before the next try, doubled with each that takes nothing. */
const firstPauseMs = 1;
const longestPauseMs = 32;

interface Waiting {
  bytes: Uint8Array;
  readonly resolve: () => void;
  readonly reject: (fault: Error) => void;
}

/**
 * Our side of a pseudo-terminal: what is typed, its size, and what it shows, as `screen`.
 *
 * Node has no writing to a terminal that neither blocks nor takes a thread, so this writes without waiting and, when
 * the program does not read and the kernel takes nothing more, tries again a little later.
 */
export class Terminal {
  readonly screen: ReadStream;
  readonly #fd: number;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #pauseMs = firstPauseMs;
  #next: NodeJS.Timeout | undefined;

  /** Takes over the descriptor `fd`, which must be non-blocking. */
  constructor(fd: number) {
    this.#fd = fd;
    this.screen = new ReadStream(fd);
    this.screen.once('close', () => this.#refuseWaiting());
  }

  /**
   * Settles when the terminal has taken all of `bytes`, after what was written before.
   * Throws `invalid_state` when it is closed, and `rate_limited` when too much waits.
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.screen.destroyed) throw closedInput();
    if (bytes.length === 0) return;
    checkInputLimit(this.#waitingBytes, bytes.length);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ bytes, resolve, reject });
    this.#waitingBytes += bytes.length;
    if (this.#next === undefined) this.#writeSome();
    await promise;
  }

  /** The program in it is told by a signal. After the end nothing happens. */
  resize(size: TerminalSize): void {
    // The descriptor may be another's by then.
    if (!this.screen.destroyed) resizeTerminal(this.#fd, size);
  }

  /** Programs that still have it open are hung up. */
  close(): void {
    this.screen.destroy();
    this.#refuseWaiting();
  }

  #writeSome(): void {
    this.#next = undefined;
    for (let left = turnBytes; left > 0; ) {
      const [first] = this.#waiting;
      if (first === undefined) return;
      const taken = this.#tryToWrite(first.bytes.subarray(0, left));
      if (taken === 'full') {
        this.#next = setTimeout(() => this.#writeSome(), this.#pauseMs);
        this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
        return;
      }
      this.#pauseMs = firstPauseMs;
      left -= taken;
      this.#count(first, taken);
    }
    this.#next = setTimeout(() => this.#writeSome(), 0);
  }

  #tryToWrite(bytes: Uint8Array): number | 'full' {
    try {
      return writeSync(this.#fd, bytes) || 'full';
    } catch (thrown) {
      if (systemCode(thrown) === 'EAGAIN') return 'full';
      this.#refuseWaiting(thrown);
      return 0;
    }
  }

  #count(first: Waiting, taken: number): void {
    this.#waitingBytes -= taken;
    first.bytes = first.bytes.subarray(taken);
    if (first.bytes.length > 0) return;
    this.#waiting.shift();
    first.resolve();
  }

  #refuseWaiting(cause?: unknown): void {
    clearTimeout(this.#next);
    this.#next = undefined;
    const refused = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { reject } of refused) reject(closedInput(cause));
  }
}
