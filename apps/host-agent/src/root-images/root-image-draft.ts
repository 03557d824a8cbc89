import { chmod, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ImageId } from '@wrenn/core';
import { flush } from '../files/flush.ts';
import { hashSparseFile } from '../images/sparse-hash.ts';
import { type RootImage, type RootImageManifest, rootImageFiles, rootImageFrom } from './root-image.ts';

/** Where an image is, and where it grows until it is one. */
export interface RootImagePlaces {
  readonly store: string;
  readonly draft: string;
  readonly image: string;
}

/** An image that is being made. Disposing of it without having published it leaves nothing. */
export class RootImageDraft implements AsyncDisposable {
  readonly #id: ImageId;
  readonly #places: RootImagePlaces;
  readonly #ended: (image: RootImage | undefined) => void;
  #published: RootImage | undefined;

  private constructor(id: ImageId, places: RootImagePlaces, ended: (image: RootImage | undefined) => void) {
    this.#id = id;
    this.#places = places;
    this.#ended = ended;
  }

  /** `ended` is called once, with what came of it. */
  static async begin(
    id: ImageId,
    places: RootImagePlaces,
    ended: (image: RootImage | undefined) => void,
  ): Promise<RootImageDraft> {
    const draft = new RootImageDraft(id, places, ended);
    try {
      await rm(places.draft, { recursive: true, force: true });
      // The user of a machine writes the file in it, and sees nothing else.
      await mkdir(places.draft, { mode: 0o711 });
      return draft;
    } catch (thrown) {
      await draft[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /** Where the file system is to be written; nothing is there. */
  get disk(): string {
    return join(this.#places.draft, rootImageFiles.disk);
  }

  /** The file is complete. One rename publishes it; all is durable when this returns. */
  async publish(signal: AbortSignal): Promise<RootImage> {
    const { draft, image, store } = this.#places;
    // From now on nobody writes to it, and every machine that lies on it reads it.
    await chmod(this.disk, 0o444);
    await flush(this.disk);
    const { size, blocks } = await stat(this.disk);
    const manifest: RootImageManifest = {
      version: 1,
      id: this.#id,
      sha256: await hashSparseFile(this.disk, signal),
      diskBytes: size,
      sizeBytes: blocks * 512,
      createdAtMs: Date.now(),
    };
    const path = join(draft, rootImageFiles.manifest);
    await writeFile(path, JSON.stringify(manifest, null, 2), { mode: 0o600 });
    await flush(path);
    await flush(draft);
    signal.throwIfAborted();
    await rename(draft, image);
    try {
      await flush(store);
    } catch (thrown) {
      await rename(image, draft);
      throw thrown;
    }
    this.#published = rootImageFrom(image, manifest);
    return this.#published;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await rm(this.#places.draft, { recursive: true, force: true });
    } finally {
      this.#ended(this.#published);
    }
  }
}
