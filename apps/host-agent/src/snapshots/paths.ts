import { randomUUID } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WrennError } from '@wrenn/core';

/** Names a disk layer or an overlay in use: 32 hexadecimal digits, so that all names are of one length. */
export type DiskId = string & { readonly disk: unique symbol };

export function asDiskId(text: string): DiskId {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new WrennError('internal_error', `${text} is no disk ID`);
  return text as DiskId;
}

export function layerName(id: string): string {
  return `${id}.memory`;
}

/** The ID in the name of a disk's file, whichever engine's it is; undefined for another file. */
export function diskIn(name: string): string | undefined {
  return /^([0-9a-f]{32})\.[a-z0-9]+$/.exec(name)?.[1];
}

/** In the folder of one snapshot. */
export const snapshotFiles = {
  manifest: 'manifest.json',
  memoryMap: 'memory.map',
  deviceState: 'device-state',
  /** A hint, see `Machine.workingSet`: nothing depends on it. */
  workingSet: 'working-set',
  /** There when the snapshot stands for itself. */
  listed: 'listed',
} as const;

/** Where the store keeps what. */
export class StorePaths {
  readonly directory: string;
  readonly #templates: string;
  readonly #diskSuffix: string;
  /** Snapshots that could not be read, which a collection leaves alone. */
  readonly #left = new Set<string>();

  constructor(directory: string, templates: string, diskSuffix: string) {
    this.directory = directory;
    this.#templates = templates;
    this.#diskSuffix = diskSuffix;
  }

  get layers(): string {
    return join(this.directory, 'layers');
  }

  get disks(): string {
    return join(this.directory, 'disks');
  }

  snapshot(id: string): string {
    return join(this.directory, id);
  }

  draft(id: string): string {
    return join(this.directory, `.draft-${id}`);
  }

  /** A new one each time: what an earlier removal left may be in the way. */
  removed(name: string): string {
    return join(this.directory, `.removed-${name.replace(/^\.(draft|removed)-/, '')}-${randomUUID()}`);
  }

  layer(id: string): string {
    return join(this.layers, layerName(id));
  }

  disk(id: DiskId): string {
    return join(this.disks, `${id}${this.#diskSuffix}`);
  }

  templateMemory(key: string): string {
    return join(this.#templates, key, 'memory');
  }

  /** Names of all folders of booted templates. */
  async templateKeys(): Promise<string[]> {
    const names = await readdir(this.#templates);
    return names.filter((name) => !name.startsWith('.'));
  }

  leave(name: string): void {
    this.#left.add(name);
  }

  isLeft(name: string): boolean {
    return this.#left.has(name);
  }

  /** Whether a folder is that of one of these drafts, at its first place or at the one where it is published. */
  isDraftOf(ids: ReadonlySet<string>, name: string): boolean {
    return ids.has(name) || (name.startsWith('.draft-') && ids.has(name.slice('.draft-'.length)));
  }

  /** What these are made of is known to nobody, so no layer and no disk may go. */
  get hasLeft(): boolean {
    return this.#left.size > 0;
  }

  /** What a name in the store's directory stands for; undefined for what is not the store's to remove. */
  kindOf(name: string): 'snapshot' | 'draft' | undefined {
    if (this.#left.has(name)) return undefined;
    if (name.startsWith('.draft-') || name.startsWith('.removed-')) return 'draft';
    return name.startsWith('snp-') ? 'snapshot' : undefined;
  }
}
