import { type FileHandle, open } from 'node:fs/promises';
import { pageBytes, type WrittenPages } from '../engine/engine.ts';
import { Checksum, pieceBytes } from './files.ts';
import type { SnapshotPart } from './manifest.ts';
import { MapBuilder, MapCursor, type MapRange, type MapSource, type MemoryMap, moved } from './memory-map.ts';

const zeroPage = Buffer.alloc(pageBytes);

/** Where the content of earlier generations is read from. */
export interface LayerReader {
  read(layer: string, bytes: Buffer, position: number): void;
}

/**
 * Writes one memory layer: of the pages that a machine wrote, those that are neither zero nor as in the parent. They
 * follow each other without gaps; the map says where each belongs. Nothing is flushed.
 */
export class LayerWriter implements AsyncDisposable {
  readonly #id: string;
  readonly #file: FileHandle;
  readonly #parent: MapCursor;
  readonly #layers: LayerReader;
  readonly #map = new MapBuilder();
  readonly #checksum = new Checksum();
  #piece = new Uint8Array(pieceBytes);
  #filled = 0;
  #written = 0;
  #writing: Promise<unknown> = Promise.resolve();

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
    return new LayerWriter(id, await open(path, 'wx', 0o600), parent, layers);
  }

  async add({ offset, bytes }: WrittenPages): Promise<void> {
    for (const piece of this.#parent.pieces(offset, bytes.length)) {
      const now = bytes.subarray(piece.offset - offset, piece.offset - offset + piece.length);
      const before = this.#read(piece);
      if (before?.equals(now)) this.#keep(piece.offset, piece.length, piece.source);
      else await this.#addPages(piece, now, before);
    }
  }

  /** The ranges of the new map, and what was written for it. */
  async end(): Promise<{ ranges: readonly MapRange[]; bytes: number }> {
    await this.#flushPiece();
    await this.#writing;
    return { ranges: this.#map.ranges, bytes: this.#written };
  }

  /** After `end`: waits until it is on the disk. */
  async flush(): Promise<Omit<SnapshotPart, 'stamp'>> {
    const [sha256] = await Promise.all([this.#checksum.end(), this.#file.sync()]);
    return { bytes: this.#written, sha256 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writing.catch(() => undefined);
    await this.#file.close();
  }

  async #addPages(
    piece: { offset: number; source: MapSource | 'base' },
    now: Buffer,
    before: Buffer | undefined,
  ): Promise<void> {
    for (let at = 0; at < now.length; at += pageBytes) {
      const page = now.subarray(at, at + pageBytes);
      if (page.equals(zeroPage)) this.#map.add(piece.offset + at, pageBytes, 'zero');
      else if (before?.subarray(at, at + pageBytes).equals(page))
        this.#keep(piece.offset + at, pageBytes, moved(piece.source, at));
      else {
        this.#store(piece.offset + at, page);
        if (this.#filled === pieceBytes) await this.#flushPiece();
      }
    }
  }

  #keep(offset: number, length: number, source: MapSource | 'base'): void {
    if (source !== 'base') this.#map.add(offset, length, source);
  }

  #store(offset: number, page: Buffer): void {
    this.#map.add(offset, pageBytes, { layer: this.#id, offset: this.#written + this.#filled });
    this.#piece.set(page, this.#filled);
    this.#filled += pageBytes;
  }

  /** One piece is written and summed while the next one fills. */
  async #flushPiece(): Promise<void> {
    if (this.#filled === 0) return;
    await this.#writing;
    const piece = this.#piece.subarray(0, this.#filled);
    this.#writing = Promise.all([this.#checksum.add(piece), writeFully(this.#file, piece, this.#written)]);
    // Whoever waits next sees the fault; until then nobody may.
    this.#writing.catch(() => undefined);
    this.#written += this.#filled;
    this.#piece = new Uint8Array(pieceBytes);
    this.#filled = 0;
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

async function writeFully(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.length - done, position + done);
    done += bytesWritten;
  }
}
