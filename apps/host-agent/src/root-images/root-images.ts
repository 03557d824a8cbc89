import { access, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, type ImageId, systemCode, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import { flush } from '../files/flush.ts';
import { type RootImage, readRootImage, rootImageFiles } from './root-image.ts';
import { RootImageDraft } from './root-image-draft.ts';

const draftPrefix = '.draft-';
const removedPrefix = '.removed-';

interface Known {
  readonly image: RootImage;
  holds: number;
  isDeleted: boolean;
}

/**
 * Root file systems that were made of capsules' disks, each in a folder of its own: a folder that is named by an ID is
 * whole at all times. What is booted from one lies on its file, so a deleted one stays until nothing does any more.
 */
export class RootImages {
  readonly #directory: string;
  readonly #known = new Map<ImageId, Known>();
  readonly #drafts = new Set<ImageId>();
  /** Images that could not be read, and that a person may be able to mend. */
  readonly #left = new Set<string>();
  /** One after the other: two would remove the same. */
  #collecting: Promise<void> = Promise.resolve();

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Removes what an earlier agent left half made or half removed. */
  static async open(directory: string, log: Logger): Promise<RootImages> {
    await mkdir(directory, { recursive: true, mode: 0o711 });
    const images = new RootImages(directory);
    for (const name of await readdir(directory)) {
      if (name.startsWith('.')) await rm(join(directory, name), { recursive: true, force: true });
      else await images.#load(name, log);
    }
    return images;
  }

  /** Also one that is deleted, as long as something lies on it; by any text that may be its ID. */
  find(id: string): RootImage | undefined {
    return this.#known.get(id as ImageId)?.image;
  }

  /** Undefined for one that is not here. */
  stateOf(id: string): 'listed' | 'deleted' | 'unreadable' | undefined {
    if (this.#left.has(id)) return 'unreadable';
    const known = this.#known.get(id as ImageId);
    return known && (known.isDeleted ? 'deleted' : 'listed');
  }

  listed(): RootImage[] {
    return [...this.#known.values()].filter(({ isDeleted }) => !isDeleted).map(({ image }) => image);
  }

  /** Keeps it for somebody who is about to start from it. Throws `not_found`. */
  hold(id: ImageId): Disposable & { readonly image: RootImage } {
    const known = this.#known.get(id);
    if (known === undefined || known.isDeleted)
      throw new WrennError('not_found', `image ${id} is not on this host`, { field: 'image_id' });
    known.holds += 1;
    return {
      image: known.image,
      [Symbol.dispose]: () => {
        known.holds -= 1;
      },
    };
  }

  async begin(id: ImageId): Promise<RootImageDraft> {
    if (this.#known.has(id) || this.#drafts.has(id) || this.#left.has(id))
      throw new WrennError('conflict', `image ${id} is there already`);
    this.#drafts.add(id);
    const places = {
      store: this.#directory,
      draft: join(this.#directory, `${draftPrefix}${id}`),
      image: this.#folder(id),
    };
    return await RootImageDraft.begin(id, places, (image) => {
      this.#drafts.delete(id);
      if (image !== undefined) this.#known.set(id, { image, holds: 0, isDeleted: false });
    });
  }

  /** From now on nobody starts from it; `collect` removes it. Does nothing for one that is not there. */
  async delete(id: ImageId): Promise<void> {
    const known = this.#known.get(id);
    if (known === undefined) return;
    await writeFile(join(this.#folder(id), rootImageFiles.deleted), '', { mode: 0o600 });
    await flush(this.#folder(id));
    known.isDeleted = true;
  }

  /** Removes deleted images that nobody is starting from. `letGo` says whether nothing lies on one any more. */
  collect(letGo: (id: ImageId) => Promise<boolean>): Promise<void> {
    const collected = this.#collecting.then(() => this.#collect(letGo));
    this.#collecting = collected.catch(() => undefined);
    return collected;
  }

  async #collect(letGo: (id: ImageId) => Promise<boolean>): Promise<void> {
    for (const [id, { isDeleted, holds }] of this.#known) {
      if (!isDeleted || holds > 0 || !(await letGo(id))) continue;
      // At once: a folder that is named by an ID is never a part of an image.
      const removed = join(this.#directory, `${removedPrefix}${id}`);
      await rename(this.#folder(id), removed);
      this.#known.delete(id);
      await rm(removed, { recursive: true, force: true });
    }
  }

  async #load(name: string, log: Logger): Promise<void> {
    const directory = join(this.#directory, name);
    try {
      const image = await readRootImage(directory);
      if (image.id !== name) throw new WrennError('agent_error', `${directory} holds the image ${image.id}`);
      const isDeleted = await isThere(join(directory, rootImageFiles.deleted));
      this.#known.set(image.id, { image, holds: 0, isDeleted });
    } catch (thrown) {
      log.error({ image: name, cause: describeError(thrown) }, 'an image cannot be read');
      this.#left.add(name);
    }
  }

  #folder(id: ImageId): string {
    return join(this.#directory, id);
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}
