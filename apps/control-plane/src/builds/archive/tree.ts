import { dirname } from 'node:path/posix';
import type { ArchiveEntry } from './entry.ts';

/** How many links the way to one file may lead through; Linux takes as many. */
const mostLinks = 40;

/** What of an archive COPY sees: all that is not ignored, and the directories that this is in. */
export class Tree {
  readonly #entries = new Map<string, ArchiveEntry>();
  readonly #children = new Map<string, ArchiveEntry[]>();

  constructor(entries: ReadonlyMap<string, ArchiveEntry>, ignored: (path: string) => boolean) {
    for (const entry of entries.values()) {
      if (ignored(entry.path)) continue;
      this.#see(entry);
      for (let parent = dirname(entry.path); parent !== '.'; parent = dirname(parent)) {
        const directory = entries.get(parent);
        if (directory === undefined || this.#entries.has(parent)) break;
        this.#see(directory);
      }
    }
  }

  get(path: string): ArchiveEntry | undefined {
    return this.#entries.get(path);
  }

  /** '' is the root. */
  isDirectory(path: string): boolean {
    return path === '' || this.#entries.get(path)?.kind === 'directory';
  }

  children(path: string): readonly ArchiveEntry[] {
    return this.#children.get(path) ?? [];
  }

  /**
   * Where the links on the way to `path` and at its end lead, as if the archive were the root of a file system; or
   * undefined where nothing is, or the links are a circle.
   */
  resolve(path: string): string | undefined {
    const ahead = partsOf(path).reverse();
    let reached: string[] = [];
    let links = 0;
    for (let part = ahead.pop(); part !== undefined; part = ahead.pop()) {
      if (part === '..') {
        reached.pop();
        continue;
      }
      const entry = this.#entries.get([...reached, part].join('/'));
      if (entry === undefined || (entry.kind === 'file' && ahead.length > 0)) return undefined;
      if (entry.kind !== 'symlink') {
        reached.push(part);
        continue;
      }
      links += 1;
      if (links > mostLinks) return undefined;
      if (entry.linkTarget.startsWith('/')) reached = [];
      ahead.push(...partsOf(entry.linkTarget).reverse());
    }
    return reached.join('/');
  }

  #see(entry: ArchiveEntry): void {
    if (this.#entries.has(entry.path)) return;
    this.#entries.set(entry.path, entry);
    const parent = dirname(entry.path);
    const key = parent === '.' ? '' : parent;
    const siblings = this.#children.get(key);
    if (siblings === undefined) this.#children.set(key, [entry]);
    else siblings.push(entry);
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
