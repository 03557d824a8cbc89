import type { Listener } from './inotify-reader.ts';

/** How a name was first told as created: by the kernel's event, or because a scan found it. */
export type ToldBy = 'event' | 'scan';

/** A directory that is watched, in the tree of one watch. */
export interface Folder {
  /** Relative to the watched directory, which itself is ''. */
  readonly path: string;
  readonly watch: number;
  readonly listener: Listener;
  readonly parent: Folder | undefined;
  /** Those in it that are watched too. */
  readonly folders: Map<string, Folder>;
  /** What was told as created since the reader had last caught up: it may come up once more, by the other way. */
  readonly told: Map<string, ToldBy>;
  /** False once it is gone from the tree. */
  isWatched: boolean;
}

/** The path of an entry, relative to the watched directory. */
export function pathIn(folder: Pick<Folder, 'path'>, name: string): string {
  return folder.path === '' ? name : `${folder.path}/${name}`;
}

/** The folder and all below it, outer ones first. */
export function* treeOf(folder: Folder): Generator<Folder> {
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    yield next;
    pending.push(...next.folders.values());
  }
}
