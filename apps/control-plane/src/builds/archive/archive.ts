import { buffer } from 'node:stream/consumers';
import type { ArchiveBounds } from './bounds.ts';
import type { ArchiveEntry } from './entry.ts';
import type { ArchiveKind } from './kind.ts';
import { readingFault, refusal } from './refusal.ts';
import { selectItems } from './select.ts';
import { Selection } from './selection.ts';
import type { ReadContents } from './selection-tar.ts';
import { Tree } from './tree.ts';

/** An archive that was read through and may be used: what is in it, by path. */
export class Archive {
  readonly kind: ArchiveKind;
  /** Sorted by path, so that a directory comes before what is in it. */
  readonly entries: readonly ArchiveEntry[];
  readonly #index: ReadonlyMap<string, ArchiveEntry>;
  readonly #bounds: ArchiveBounds;
  readonly #read: ReadContents;

  constructor(
    kind: ArchiveKind,
    index: ReadonlyMap<string, ArchiveEntry>,
    bounds: ArchiveBounds,
    read: ReadContents,
  ) {
    this.kind = kind;
    this.entries = [...index.values()];
    this.#index = index;
    this.#bounds = bounds;
    this.#read = read;
  }

  /**
   * What COPY takes for these sources; `ignored` tells of each path whether .dockerignore leaves it out. The archive's
   * file has to stay as it is as long as the selection is used.
   */
  select(sources: readonly string[], ignored: (path: string) => boolean = () => false): Selection {
    return new Selection(selectItems(new Tree(this.#index, ignored), sources, this.#bounds), this.#read);
  }

  /** The content of one file, such as .dockerignore; undefined where there is none. At most `mostBytes` long. */
  async content(path: string, mostBytes: number, signal: AbortSignal): Promise<Buffer | undefined> {
    const entry = this.#index.get(path);
    if (entry?.kind !== 'file') return undefined;
    if (entry.size > mostBytes) {
      throw refusal(`is longer than ${mostBytes} bytes`, path, { code: 'too_large' });
    }
    try {
      for await (const { chunks } of this.#read(new Set([entry.member]), signal)) return await buffer(chunks);
    } catch (thrown) {
      throw readingFault(thrown, signal);
    }
    return undefined;
  }
}
