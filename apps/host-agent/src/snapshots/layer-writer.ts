import { type FileHandle, open } from 'node:fs/promises';
import { pageBytes, type WrittenPages } from '../engine/engine.ts';
import { writeAllSync } from '../files/whole.ts';
import { checksumOf } from './files.ts';
import type { SnapshotPart } from './manifest.ts';
import { MapBuilder, MapCursor, type MapRange, type MapSource, type MemoryMap, moved } from './memory-map.ts';

const zeroPage = Buffer.alloc(pageBytes);

/** Of an older layer, at a time. */
const copiedBytes = 4 << 20;

/** The maps that a new one is made from. */
export interface Generations {
  /** That which the new map goes on from: what is as in it is not stored again. Without one, all is stored. */
  readonly before: MemoryMap | undefined;
  /** Where pages that the machine did not write come from; undefined: from the template. */
  readonly unwritten: MemoryMap | undefined;
}

type Unwritten =
  | { readonly as: 'base' }
  | {
      /** By reference to the layers that hold it, or by a copy of its own. */
      readonly as: 'kept' | 'copied';
      readonly map: MapCursor;
    };

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
  readonly #before: MapCursor;
  readonly #unwritten: Unwritten;
  readonly #layers: LayerReader;
  readonly #map = new MapBuilder();
  #written = 0;
  /** What came until now covers the memory up to here. */
  #end = 0;

  private constructor(id: string, file: FileHandle, { before, unwritten }: Generations, layers: LayerReader) {
    this.#id = id;
    this.#file = file;
    this.#before = new MapCursor(before);
    this.#unwritten =
      unwritten === undefined
        ? { as: 'base' }
        : { as: unwritten === before ? 'kept' : 'copied', map: new MapCursor(unwritten) };
    this.#layers = layers;
  }

  static async create(
    path: string,
    id: string,
    generations: Generations,
    layers: LayerReader,
  ): Promise<LayerWriter> {
    return new LayerWriter(id, await open(path, 'wx+', 0o600), generations, layers);
  }

  add({ offset, bytes }: WrittenPages): void {
    this.#addUnwritten(offset);
    this.#end = offset + bytes.length;
    for (const piece of this.#before.pieces(offset, bytes.length)) {
      const now = bytes.subarray(piece.offset - offset, piece.offset - offset + piece.length);
      const before = this.#read(piece);
      if (before?.equals(now)) this.#keep(piece.offset, piece.length, piece.source);
      else this.#addPages(piece, now, before);
    }
  }

  /** The ranges of the new map, and how many bytes were written for it. */
  end(memoryBytes: number): { readonly ranges: readonly MapRange[]; readonly bytes: number } {
    this.#addUnwritten(memoryBytes);
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

  /** What was not written up to `end`: of the parent where it is not of the base. */
  #addUnwritten(end: number): void {
    const unwritten = this.#unwritten;
    if (unwritten.as === 'base') return;
    for (const { offset, length, source } of unwritten.map.pieces(this.#end, end - this.#end)) {
      if (unwritten.as === 'kept' || typeof source === 'string') this.#keep(offset, length, source);
      else this.#copy(offset, length, source);
    }
  }

  /** Takes over a part of an older layer, from which the new map does not read any more. */
  #copy(offset: number, length: number, source: MapSource): void {
    for (let done = 0; done < length; done += copiedBytes) {
      const piece = { length: Math.min(copiedBytes, length - done), source: moved(source, done) };
      const bytes = this.#read(piece);
      if (bytes !== undefined) this.#store(offset + done, bytes);
    }
  }

  #keep(offset: number, length: number, source: MapSource | 'base'): void {
    if (source !== 'base') this.#map.add(offset, length, source);
  }

  #store(offset: number, pages: Buffer): void {
    if (pages.length === 0) return;
    this.#map.add(offset, pages.length, { layer: this.#id, offset: this.#written });
    writeAllSync(this.#file.fd, pages, this.#written);
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
