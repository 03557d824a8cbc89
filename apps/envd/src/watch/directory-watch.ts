import type { Dirent } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { systemCode, WrennError } from '@wrenn/core';
import { EventType } from '@wrenn/protocol/filesystem';
import { inotifyBits as bits, type InotifyEvent } from '@wrenn/sys';
import { draftKindOf } from '../files/draft-name.ts';
import { DraftRenames } from './draft-renames.ts';
import { type Folder, pathIn, treeOf } from './folder.ts';
import type { InotifyReader, Listener, Subscriber } from './inotify-reader.ts';
import { type OpenDirectory, openDirectory } from './open-directory.ts';
import type { ChangeSink, WatchSpec } from './watch-spec.ts';

/** A file's times are those of the kernel's last tick, so they may be earlier than what happened before them. */
const tickMs = 20;
/** What stands in the way of one directory below the watched one: it is left out. */
const passedOver: readonly string[] = ['not_found', 'forbidden', 'invalid_request'];

/**
 * What changes in one directory, or in all below it, from the moment that `start` returns.
 *
 * A new directory is first watched, then scanned: what was made in it before is found by the scan, what is made later
 * is told by the kernel, and what both know of is told once. When the kernel had to drop events, everything is
 * scanned again, and what has changed since is told by its times; only the names of files removed meanwhile are lost.
 */
export class DirectoryWatch implements Subscriber {
  readonly #reader: InotifyReader;
  readonly #spec: WatchSpec;
  readonly #sink: ChangeSink;
  #state: 'starting' | 'watching' | 'closed' = 'starting';
  #root: Folder | undefined;
  /** The path leads to the watched directory no longer, so nothing below can be found by it. */
  #isMoved = false;
  readonly #jobs: (() => Promise<void>)[] = [];
  #working: Promise<void> | undefined;
  #fault: WrennError | undefined;
  /** Folders that have something in `told`. */
  readonly #unsettled = new Set<Folder>();
  readonly #drafts = new DraftRenames();
  #quietSinceMs = Date.now() - tickMs;

  /**
   * Throws as `openDirectory`; `rate_limited` when the machine has no watches left. The caller closes it.
   */
  static async start(reader: InotifyReader, spec: WatchSpec, sink: ChangeSink): Promise<DirectoryWatch> {
    const watch = new DirectoryWatch(reader, spec, sink);
    try {
      watch.#enqueue(() => watch.#enter(undefined, '', 'known'));
      await watch.#working;
      if (watch.#fault !== undefined) throw watch.#fault;
      if (watch.#state === 'starting') watch.#state = 'watching';
      return watch;
    } catch (thrown) {
      watch.close();
      throw thrown;
    }
  }

  private constructor(reader: InotifyReader, spec: WatchSpec, sink: ChangeSink) {
    this.#reader = reader;
    this.#spec = spec;
    this.#sink = sink;
    reader.subscribe(this);
  }

  /** Ends it; nothing is told any more. */
  close(): void {
    this.#state = 'closed';
    this.#jobs.length = 0;
    this.#reader.unsubscribe(this);
    if (this.#root !== undefined) this.#forget(this.#root);
  }

  settled(): Promise<void> {
    // Nothing is told before the start, so a large tree that is scanned for it holds nobody up.
    return this.#state === 'starting' ? Promise.resolve() : (this.#working ?? Promise.resolve());
  }

  caughtUp(): void {
    for (const folder of this.#unsettled) folder.told.clear();
    this.#unsettled.clear();
    this.#quietSinceMs = Date.now() - tickMs;
  }

  overflowed(): void {
    this.#enqueue(() => this.#rescan());
  }

  failed(thrown: unknown): void {
    if (this.#state === 'closed') return;
    this.#fault = WrennError.from(thrown, `watching '${this.#spec.path}'`);
    this.close();
    this.#sink.fail(this.#fault);
  }

  #tell(type: EventType, name: string): void {
    if (this.#state === 'watching') this.#sink.push(type, name);
  }

  #enqueue(job: () => Promise<void>): void {
    this.#jobs.push(job);
    this.#working ??= this.#work();
  }

  /** One job after the other, so that a burst of new directories does not take a descriptor each. */
  async #work(): Promise<void> {
    try {
      for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) await job();
    } catch (thrown) {
      this.failed(thrown);
    } finally {
      this.#working = undefined;
    }
  }

  /** Watches a directory, and goes through it. Of one that is `new` everything in it is told. */
  async #enter(parent: Folder | undefined, name: string, kind: 'known' | 'new'): Promise<void> {
    if (parent !== undefined && (!parent.isWatched || parent.folders.has(name))) return;
    const path = parent === undefined ? '' : pathIn(parent, name);
    using directory = parent === undefined ? this.#open(path) : this.#openIfPossible(path);
    if (directory === undefined) return;
    const folder = this.#add(parent, name, directory);
    if (this.#spec.depth === 'one') return;
    for await (const entry of await opendir(directory.path)) {
      if (!folder.isWatched) return;
      if (kind === 'new') this.#found(folder, entry);
      if (entry.isDirectory()) this.#enqueue(() => this.#enter(folder, entry.name, kind));
    }
  }

  #open(path: string): OpenDirectory {
    const { path: root, account, networkMount } = this.#spec;
    if (path === '') return openDirectory(root, account, { symlink: 'follow', networkMount });
    return openDirectory(`${root}/${path}`, account, { symlink: 'refuse', networkMount });
  }

  /** Undefined for one that is gone, or that the user may not read. */
  #openIfPossible(path: string): OpenDirectory | undefined {
    if (this.#isMoved) return undefined;
    try {
      return this.#open(path);
    } catch (thrown) {
      if (thrown instanceof WrennError && passedOver.includes(thrown.code)) return undefined;
      throw thrown;
    }
  }

  #add(parent: Folder | undefined, name: string, directory: OpenDirectory): Folder {
    const listener: Listener = (event) => this.#happened(folder, event);
    const path = parent === undefined ? '' : pathIn(parent, name);
    const watch = this.#watch(directory, listener);
    const folder: Folder = {
      path,
      watch,
      listener,
      parent,
      folders: new Map(),
      told: new Map(),
      isWatched: true,
    };
    if (parent === undefined) this.#root = folder;
    else parent.folders.set(name, folder);
    return folder;
  }

  #watch(directory: OpenDirectory, listener: Listener): number {
    try {
      return this.#reader.watch(directory.path, listener);
    } catch (cause) {
      const code = systemCode(cause);
      if (code !== 'ENOSPC' && code !== 'EMFILE') throw cause;
      throw new WrennError('rate_limited', `watching '${this.#spec.path}': the machine has no watches left`, {
        cause,
        remedy:
          'watch fewer directories, or raise /proc/sys/fs/inotify/max_user_watches and max_user_instances',
      });
    }
  }

  #forget(folder: Folder): void {
    for (const one of treeOf(folder)) {
      one.isWatched = false;
      this.#unsettled.delete(one);
      this.#reader.unwatch(one.watch, one.listener);
    }
    const name = folder.path.slice(folder.path.lastIndexOf('/') + 1);
    if (folder.parent?.folders.get(name) === folder) folder.parent.folders.delete(name);
  }

  #happened(folder: Folder, event: InotifyEvent): void {
    const { bits: is, name, cookie } = event;
    const draft = draftKindOf(name);
    if (is & bits.ignored) this.#forget(folder);
    else if (name === '') this.#happenedTo(folder, is);
    else if (draft !== undefined && is & bits.movedFrom) this.#drafts.remember(cookie, draft);
    else if (draft !== undefined) return;
    else if (is & (bits.create | bits.movedTo)) this.#appeared(folder, event);
    else if (is & bits.delete) this.#disappeared(folder, name, EventType.REMOVE);
    else if (is & bits.movedFrom) this.#disappeared(folder, name, EventType.RENAME);
    else if (is & bits.modify) this.#tell(EventType.WRITE, pathIn(folder, name));
    else if (is & bits.attributes) this.#tell(EventType.CHMOD, pathIn(folder, name));
  }

  /** Of folders below the watched one, the folder that they are in tells the same. */
  #happenedTo(folder: Folder, is: number): void {
    if (folder.parent !== undefined) return;
    if (is & bits.attributes) this.#tell(EventType.CHMOD, '.');
    if (is & bits.moveSelf) {
      this.#isMoved = true;
      this.#tell(EventType.RENAME, '.');
    }
    if (is & (bits.deleteSelf | bits.unmount)) this.#tell(EventType.REMOVE, '.');
  }

  #appeared(folder: Folder, { bits: is, name, cookie }: InotifyEvent): void {
    const path = pathIn(folder, name);
    const draft = this.#drafts.take(cookie);
    const wasFound = folder.told.get(name) === 'scan';
    this.#markTold(folder, name, 'event');
    if (!wasFound && draft !== 'over') this.#tell(EventType.CREATE, path);
    const isDirectory = (is & bits.isDirectory) !== 0;
    // It may have taken the place of the one that the scan found.
    const wasReplaced = wasFound && (is & bits.movedTo) !== 0 && !isDirectory;
    if (draft !== undefined || wasReplaced) this.#tell(EventType.WRITE, path);
    if (!isDirectory || wasFound || this.#spec.depth === 'one') return;
    const replaced = folder.folders.get(name);
    if (replaced !== undefined && is & bits.movedTo) this.#forget(replaced);
    this.#enqueue(() => this.#enter(folder, name, 'new'));
  }

  #disappeared(folder: Folder, name: string, type: EventType): void {
    folder.told.delete(name);
    const gone = folder.folders.get(name);
    if (gone !== undefined) this.#forget(gone);
    this.#tell(type, pathIn(folder, name));
  }

  #found(folder: Folder, { name }: Dirent): void {
    if (draftKindOf(name) !== undefined || folder.told.has(name)) return;
    this.#markTold(folder, name, 'scan');
    this.#tell(EventType.CREATE, pathIn(folder, name));
  }

  #markTold(folder: Folder, name: string, by: 'event' | 'scan'): void {
    folder.told.set(name, by);
    this.#unsettled.add(folder);
  }

  async #rescan(): Promise<void> {
    const sinceMs = this.#quietSinceMs;
    if (this.#root === undefined) return;
    for (const folder of [...treeOf(this.#root)]) {
      if (folder.isWatched) await this.#rescanFolder(folder, sinceMs);
    }
  }

  async #rescanFolder(folder: Folder, sinceMs: number): Promise<void> {
    using directory = this.#openIfPossible(folder.path);
    if (directory === undefined || !this.#isSame(folder, directory)) {
      this.#forget(folder);
      this.#tell(EventType.REMOVE, folder.path === '' ? '.' : folder.path);
      return;
    }
    const missing = new Set(folder.folders.keys());
    for await (const entry of await opendir(directory.path)) {
      if (!folder.isWatched) return;
      if (!missing.delete(entry.name)) await this.#rescanEntry(folder, directory, entry, sinceMs);
    }
    for (const name of missing) this.#disappeared(folder, name, EventType.REMOVE);
  }

  /** A directory that was replaced has another watch, or none. */
  #isSame(folder: Folder, directory: OpenDirectory): boolean {
    const watch = this.#watch(directory, folder.listener);
    if (watch !== folder.watch) this.#reader.unwatch(watch, folder.listener);
    return watch === folder.watch;
  }

  async #rescanEntry(folder: Folder, { path }: OpenDirectory, entry: Dirent, sinceMs: number): Promise<void> {
    if (draftKindOf(entry.name) !== undefined) return;
    // One name in a directory that the user opened: no path of theirs is followed.
    const times = await lstat(`${path}/${entry.name}`).catch(absent);
    if (times === undefined || times.ctimeMs < sinceMs) return;
    const isEntered = entry.isDirectory() && this.#spec.depth === 'all';
    const isNew = (times.birthtimeMs >= sinceMs || isEntered) && !folder.told.has(entry.name);
    if (isNew) this.#found(folder, entry);
    else if (!entry.isDirectory()) this.#tell(EventType.WRITE, pathIn(folder, entry.name));
    if (isEntered) this.#enqueue(() => this.#enter(folder, entry.name, 'new'));
  }
}

function absent(thrown: unknown): undefined {
  if (systemCode(thrown) === 'ENOENT') return undefined;
  throw thrown;
}
