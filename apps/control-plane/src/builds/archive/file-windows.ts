import type { FileHandle } from 'node:fs/promises';
import yauzl from 'yauzl';

const windowBytes = 256 * 1024;
/** A zip is read at two places at once: its list of entries and their contents. */
const mostWindows = 2;

interface Window {
  readonly start: number;
  readonly bytes: Buffer;
}

/** Small pieces of a file that are near each other, with few reads of the file: a zip has three for each entry. */
export class FileWindows extends yauzl.RandomAccessReader {
  readonly #file: FileHandle;
  #windows: Window[] = [];

  constructor(file: FileHandle) {
    super();
    this.#file = file;
  }

  /** Fewer bytes where the file ends. They are valid as long as whoever asked holds them. */
  async bytes(start: number, length: number): Promise<Buffer> {
    const found = this.#windows.find(
      (window) => window.start <= start && start + length <= window.start + window.bytes.length,
    );
    if (found !== undefined) return found.bytes.subarray(start - found.start, start - found.start + length);
    const bytes = await this.#read(start, Math.max(length, windowBytes));
    this.#windows = [{ start, bytes }, ...this.#windows].slice(0, mostWindows);
    return bytes.subarray(0, length);
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (fault: Error | null, bytesRead?: number) => void,
  ): void {
    this.bytes(position, length).then((bytes) => callback(null, bytes.copy(buffer, offset)), callback);
  }

  async #read(start: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#file.read(bytes, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }
}
