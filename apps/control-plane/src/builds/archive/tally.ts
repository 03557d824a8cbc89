import { type ArchiveBounds, mostNameBytes, ratioFrom } from './bounds.ts';
import { refusal } from './refusal.ts';

/** Counts what an archive yields while it is read, and ends it when that is too much. */
export class Tally {
  readonly #bounds: ArchiveBounds;
  /** Unpacked bytes that the archive's own size allows. */
  readonly #byRatio: number;
  #entries = 0;
  #bytes = 0;
  #nameBytes = 0;

  constructor(bounds: ArchiveBounds, archiveBytes: number) {
    this.#bounds = bounds;
    this.#byRatio = Math.max(ratioFrom, archiveBytes * bounds.ratio);
  }

  addEntry(): void {
    this.#entries += 1;
    this.expectEntries(0);
  }

  /** The archive says that it holds `count` entries: too many are refused before they are read. */
  expectEntries(count: number): void {
    if (this.#entries + count > this.#bounds.entries) {
      throw refusal(`it holds more than ${this.#bounds.entries} entries`, undefined, { code: 'too_large' });
    }
  }

  addName(bytes: number): void {
    this.#nameBytes += bytes;
    if (this.#nameBytes > mostNameBytes) {
      throw refusal(`its names are longer than ${mostNameBytes} bytes together`, undefined, {
        code: 'too_large',
      });
    }
  }

  /** `name` is the entry's, where one is at fault. */
  addBytes(count: number, name?: string): void {
    this.#bytes += count;
    this.expectBytes(0, name);
  }

  /** An entry says that it holds `count` bytes: too many are refused before they are read. */
  expectBytes(count: number, name?: string): void {
    const bytes = this.#bytes + count;
    if (bytes > this.#bounds.bytes) {
      throw refusal(`makes it unpack to more than ${this.#bounds.bytes} bytes`, name, { code: 'too_large' });
    }
    if (bytes > this.#byRatio) {
      const why = `makes it unpack to more than ${this.#bounds.ratio} times its size`;
      throw refusal(why, name, { code: 'too_large' });
    }
  }
}
