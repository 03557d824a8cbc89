import { createHash } from 'node:crypto';
import { addAbortSignal, Readable } from 'node:stream';
import type { ArchiveEntry } from './entry.ts';
import { type Placement, placement } from './placement.ts';
import type { Selected, SelectionShape } from './select.ts';
import { type ReadContents, selectionTar } from './selection-tar.ts';

/** Changes when what a selection yields for the same archive does. */
const keyFormat = 'selection-1';

/** What of an archive a COPY copies. */
export class Selection {
  readonly #selected: Selected;
  readonly #read: ReadContents;

  constructor(selected: Selected, read: ReadContents) {
    this.#selected = selected;
    this.#read = read;
  }

  get shape(): SelectionShape {
    return this.#selected.shape;
  }

  /** The sizes of the files together. */
  get bytes(): number {
    return this.#selected.items.reduce((sum, { entry }) => sum + (entry.kind === 'file' ? entry.size : 0), 0);
  }

  /** The same for the same files in the same places, whenever they were changed and whatever archive they are in. */
  key(): string {
    const hash = createHash('sha256').update(`${keyFormat}\n${this.shape}\n`);
    for (const { target, entry } of this.#selected.items) {
      hash.update(`${JSON.stringify([target, entry.kind, entry.mode, substance(entry)])}\n`);
    }
    return hash.digest('hex');
  }

  /** Where `tar()` for this destination is to be unpacked. */
  placement(destination: string): Placement {
    return placement(destination, this.shape);
  }

  /**
   * A tar of directories, files and symbolic links, owned by root, to be unpacked in `placement(destination).directory`.
   * The archive is read again for it, as fast as it is read itself.
   */
  tar({ destination }: { destination: string }, signal: AbortSignal): Readable {
    const { name } = this.placement(destination);
    const items = this.#selected.items.map(({ target, entry }) => ({ target: name ?? target, entry }));
    const tar = Readable.from(selectionTar(items, this.#read, signal), { objectMode: false });
    return addAbortSignal(signal, tar);
  }
}

function substance(entry: ArchiveEntry): string {
  if (entry.kind === 'file') return entry.sha256;
  return entry.kind === 'symlink' ? entry.linkTarget : '';
}
