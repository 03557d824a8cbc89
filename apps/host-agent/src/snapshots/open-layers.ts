import { closeSync, openSync } from 'node:fs';
import { readUpToSync } from '../files/whole.ts';
import type { LayerReader } from './layer-writer.ts';
import type { StorePaths } from './paths.ts';
import { faultOf, refused } from './refusal.ts';

/** Reads without leaving the thread: the layers are in the page cache, and a guest stands still. */
export class OpenLayers implements LayerReader, Disposable {
  readonly #snapshotId: string;
  readonly #paths: StorePaths;
  readonly #files = new Map<string, number>();

  /** `snapshotId` is the snapshot whose layers they are; for errors. */
  constructor(snapshotId: string, paths: StorePaths) {
    this.#snapshotId = snapshotId;
    this.#paths = paths;
  }

  read(layer: string, bytes: Buffer, position: number): void {
    const file = this.#fileOf(layer);
    if (readUpToSync(file, bytes, position) < bytes.length) throw this.#refused(layer, 'it ends too early');
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file);
    this.#files.clear();
  }

  #fileOf(layer: string): number {
    const known = this.#files.get(layer);
    if (known !== undefined) return known;
    const file = this.#open(layer);
    this.#files.set(layer, file);
    return file;
  }

  #open(layer: string): number {
    try {
      return openSync(this.#paths.layer(layer), 'r');
    } catch (thrown) {
      throw this.#refused(layer, faultOf(thrown), thrown);
    }
  }

  #refused(layer: string, why: string, cause?: unknown) {
    return refused(this.#snapshotId, 'memory layer', this.#paths.layer(layer), why, cause);
  }
}
