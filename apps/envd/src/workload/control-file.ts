import { closeSync, openSync, readSync, writeSync } from 'node:fs';

/** A block of one page, which is what the kernel hands out at most at once. */
const block = Buffer.alloc(4096);
const lastReadBytes = 2048;

/**
 * A file that the kernel answers, of a control group for instance. Neither reading nor writing it waits for a disk, so
 * all of it is synchronous. It stays open between uses: what a command's start costs is felt in an emulated guest.
 */
export class ControlFile {
  readonly #path: string;
  readonly #mode: 'r' | 'r+';
  #fd: number | undefined;

  /** `mode` as in open(). The file is opened when it is first used. */
  constructor(path: string, mode: 'r' | 'r+') {
    this.#path = path;
    this.#mode = mode;
  }

  /** Its text as it is now. Throws the system's error. */
  read(): string {
    const fd = this.#open();
    let text = '';
    for (;;) {
      const length = readSync(fd, block, 0, block.length, text.length);
      text += block.toString('latin1', 0, length);
      // A read that is not the last fills most of a page: one that does not needs no other to say that it was.
      if (length < lastReadBytes) return text;
    }
  }

  /** Throws the system's error. */
  write(value: string): void {
    writeSync(this.#open(), value);
  }

  /** Gives the descriptor back; the next use opens the file anew. */
  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  #open(): number {
    this.#fd ??= openSync(this.#path, this.#mode);
    return this.#fd;
  }
}
