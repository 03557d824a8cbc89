import { refusal } from './refusal.ts';
import type { Tally } from './tally.ts';

const blockBytes = 512;
/** What may stand before one entry: names, extended attributes. They are parsed in one piece, so they are bounded. */
const mostHeaderBytes = 512 * 1024;
const zeros = Buffer.alloc(64 * 1024);

/**
 * What tar-stream does not look at: that an archive ends with a block of zeros, that nothing follows it, and how much
 * stands between two entries.
 */
export class TarFrame {
  readonly #tally: Tally;
  /** Bytes of the tar that went by. */
  #passed = 0;
  /** Where the last byte that is not zero ends. */
  #content = 0;
  /** Where the last entry that is known ends, with its padding. */
  #entries = 0;

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  pass(chunk: Buffer): void {
    this.#tally.addBytes(chunk.length);
    const length = lengthWithoutZeros(chunk);
    if (length > 0) this.#content = this.#passed + length;
    this.#passed += chunk.length;
    if (this.#content - this.#entries > mostHeaderBytes) {
      throw refusal(`it has more than ${mostHeaderBytes} bytes that belong to no entry`);
    }
  }

  /** The content of an entry begins at `offset`. */
  entry(offset: number, size: number): void {
    this.#entries = offset + Math.ceil(size / blockBytes) * blockBytes;
  }

  end(): void {
    if (this.#content > this.#entries) throw refusal('it goes on after its last entry');
    if (this.#passed < this.#entries + blockBytes) throw refusal('it is cut off: its end is missing');
  }
}

function lengthWithoutZeros(chunk: Buffer): number {
  let end = chunk.length;
  while (end > 0) {
    const from = Math.max(0, end - zeros.length);
    if (zeros.compare(chunk, from, end, 0, end - from) !== 0) break;
    end = from;
  }
  while (end > 0 && chunk[end - 1] === 0) end -= 1;
  return end;
}
