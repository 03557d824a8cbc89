import { writeSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { pageBytes, type WrittenPages } from '../engine/engine.ts';
import { checksumOf } from './files.ts';
import type { SnapshotPart } from './manifest.ts';
import { MapBuilder, MapCursor, type MapRange, type MapSource, type MemoryMap, moved } from './memory-map.ts';

const zeroPage = Buffer.alloc(pageBytes);

/** Where the content of earlier generations is read from. */
export interface LayerReader {
  read(layer: string, bytes: Buffer, position: number): void;
}

/**
 * Writes one memory layer: of the pages that a machine wrote, those that are neither zero nor as in the parent. They
 * follow each other without gaps; the map says where each belongs. Nothing is flushed or summed before `flush`: the guest
 * stands still meanwhile, so it takes nothing but the copy into the page cache, on this thread.
 */
export class LayerWriter implements AsyncDisposable {
  readonly #id: string;
  readonly #file: FileHandle;
  readonly #parent: MapCursor;
  readonly #layers: LayerReader;
  readonly #map = new MapBuilder();
  #written = 0;

  private constructor(id: string, file: FileHandle, parent: MemoryMap | undefined, layers: LayerReader) {
    this.#id = id;
    this.#file = file;
    this.#parent = new MapCursor(parent);
    this.#layers = layers;
  }

  static async create(
    path: string,
    id: string,
    parent: MemoryMap | undefined,
    layers: LayerReader,
  ): Promise<LayerWriter> {
    return new LayerWriter(id, await open(path, 'wx+', 0o600), parent, layers);
  }

  add({ offset, bytes }: WrittenPages): void {
    for (const piece of this.#parent.pieces(offset, bytes.length)) {
      const now = bytes.subarray(piece.offset - offset, piece.offset - offset + piece.length);
      const before = this.#read(piece);
      if (before?.equals(now)) this.#keep(piece.offset, piece.length, piece.source);
      else this.#addPages(piece, now, before);
    }
  }

  /** The ranges of the new map, and how many bytes were written for it. */
  end(): { readonly ranges: readonly MapRange[]; readonly bytes: number } {
    return { ranges: this.#map.ranges, bytes: this.#written };
  }

  /** Waits until it is on the disk; its checksum is made meanwhile, from the page cache. */
  async flush(): Promise<Omit<SnapshotPart, 'stamp'>> {
    const [sha256] = await Promise.all([checksumOf(this.#file), this.#file.sync()]);
    return { bytes: this.#written, sha256 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #addPages(
    piece: { offset: number; source: MapSource | 'base' },
    now: Buffer,
    before: Buffer | undefined,
  ): void {
    let isNewFrom = 0;
    for (let at = 0; at < now.length; at += pageBytes) {
      const page = now.subarray(at, at + pageBytes);
      const isZero = page.equals(zeroPage);
      if (!isZero && !before?.subarray(at, at + pageBytes).equals(page)) continue;
      this.#store(piece.offset + isNewFrom, now.subarray(isNewFrom, at));
      if (isZero) this.#map.add(piece.offset + at, pageBytes, 'zero');
      else this.#keep(piece.offset + at, pageBytes, moved(piece.source, at));
      isNewFrom = at + pageBytes;
    }
    this.#store(piece.offset + isNewFrom, now.subarray(isNewFrom));
  }

  #keep(offset: number, length: number, source: MapSource | 'base'): void {
    if (source !== 'base') this.#map.add(offset, length, source);
  }

  #store(offset: number, pages: Buffer): void {
    if (pages.length === 0) return;
    this.#map.add(offset, pages.length, { layer: this.#id, offset: this.#written });
    for (let done = 0; done < pages.length; )
      done += writeSync(this.#file.fd, pages, done, pages.length - done, this.#written + done);
    this.#written += pages.length;
  }

  /**
   * What the parent has there. Not asked of the template: a page that is the process's own differs from it almost
   * always, and to find out would cost as much as to keep it.
   */
  #read(piece: { length: number; source: MapSource | 'base' }): Buffer | undefined {
    if (piece.source === 'base') return undefined;
    if (piece.source === 'zero') return Buffer.alloc(piece.length);
    const bytes = Buffer.allocUnsafe(piece.length);
    this.#layers.read(piece.source.layer, bytes, piece.source.offset);
    return bytes;
  }
}
