import { once } from 'node:events';
import { posix } from 'node:path';
import { WrennError } from '@wrenn/core';
import type { FileEntry } from '@wrenn/protocol/hostagent';

interface Entry {
  readonly type: 'file' | 'directory';
  readonly data: Uint8Array;
  readonly modifiedAt: number;
  /** Of all that was ever written, so that no two are alike. */
  readonly version: number;
}

/** Paths that changed, of which only the last are known. */
const mostChanges = 1_000;

const home = '/home/user';

/** The files of a fake guest: entries of a map, all of them the user's. */
export class FakeTree {
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new EventTarget();
  readonly #recent: string[] = [];
  /** How many changes there were. */
  changes = 0;

  constructor() {
    for (const path of ['/', '/home', home, '/tmp']) this.#entries.set(path, folder());
  }

  list(path: string, depth: number): Omit<FileEntry, '$typeName'>[] {
    const at = absolute(path);
    if (this.#find(at).type !== 'directory') throw new WrennError('invalid_request', `${at} is no folder`);
    const prefix = at === '/' ? '/' : `${at}/`;
    return [...this.#entries.keys()]
      .filter((each) => each.startsWith(prefix) && each !== at)
      .filter((each) => each.slice(prefix.length).split('/').length <= Math.max(1, depth))
      .sort()
      .map((each) => this.stat(each));
  }

  stat(path: string): Omit<FileEntry, '$typeName'> {
    const at = absolute(path);
    const { type, data, modifiedAt } = this.#find(at);
    const isFolder = type === 'directory';
    return {
      name: posix.basename(at),
      path: at,
      type,
      size: BigInt(data.length),
      mode: isFolder ? 0o755 : 0o644,
      permissions: isFolder ? 'drwxr-xr-x' : '-rw-r--r--',
      owner: 'user',
      group: 'user',
      modifiedAt: BigInt(Math.floor(modifiedAt / 1000)),
    };
  }

  /** The paths of what has changed after so many changes; waits until something has. */
  async changedSince(changes: number, signal: AbortSignal): Promise<readonly string[]> {
    while (this.changes <= changes) await once(this.#changed, 'change', { signal });
    return this.#recent.slice(-(this.changes - changes));
  }

  makeFolder(path: string): Omit<FileEntry, '$typeName'> {
    const at = absolute(path);
    if (this.#entries.has(at)) throw new WrennError('conflict', `${at} is there already`);
    this.#makeAbove(at);
    this.#put(at, folder());
    return this.stat(at);
  }

  write(path: string, data: Uint8Array): void {
    const at = absolute(path);
    if (this.#entries.get(at)?.type === 'directory')
      throw new WrennError('invalid_request', `${at} is a folder`);
    this.#makeAbove(at);
    this.#put(at, { type: 'file', data, modifiedAt: Date.now(), version: this.changes });
  }

  read(path: string): Pick<Entry, 'data' | 'version'> {
    const at = absolute(path);
    const { type, data, version } = this.#find(at);
    if (type === 'directory') throw new WrennError('invalid_request', `${at} is a folder`);
    return { data, version };
  }

  /** Undefined where nothing is. */
  versionOf(path: string): number | undefined {
    return this.#entries.get(absolute(path))?.version;
  }

  remove(path: string): void {
    const at = absolute(path);
    this.#find(at);
    for (const each of this.#below(at)) this.#entries.delete(each);
    this.#tell(at);
  }

  move(source: string, destination: string): Omit<FileEntry, '$typeName'> {
    const [from, to] = [absolute(source), absolute(destination)];
    this.#find(from);
    this.#makeAbove(to);
    for (const each of this.#below(from)) {
      this.#entries.set(to + each.slice(from.length), this.#find(each));
      this.#entries.delete(each);
    }
    this.#tell(from);
    this.#tell(to);
    return this.stat(to);
  }

  #put(at: string, entry: Entry): void {
    this.#entries.set(at, entry);
    this.#tell(at);
  }

  #tell(at: string): void {
    this.changes += 1;
    this.#recent.push(at);
    if (this.#recent.length > mostChanges) this.#recent.shift();
    this.#changed.dispatchEvent(new Event('change'));
  }

  #below(at: string): string[] {
    return [...this.#entries.keys()].filter((each) => each === at || each.startsWith(`${at}/`));
  }

  #makeAbove(at: string): void {
    const above = posix.dirname(at);
    const found = this.#entries.get(above);
    if (found?.type === 'file') throw new WrennError('invalid_request', `${above} is no folder`);
    if (found !== undefined) return;
    this.#makeAbove(above);
    this.#entries.set(above, folder());
  }

  #find(at: string): Entry {
    const found = this.#entries.get(at);
    if (found === undefined) throw new WrennError('not_found', `path '${at}' does not exist`);
    return found;
  }
}

function folder(): Entry {
  return { type: 'directory', data: new Uint8Array(), modifiedAt: Date.now(), version: 0 };
}

function absolute(path: string): string {
  return posix.resolve(home, path.replace(/^~(?=\/|$)/, home));
}
