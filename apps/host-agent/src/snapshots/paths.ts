import { join } from 'node:path';
import { WrennError } from '@wrenn/core';

/** Names a disk layer or an overlay in use: 32 hexadecimal digits, so that all names are of one length. */
export type DiskId = string & { readonly disk: unique symbol };

export function asDiskId(text: string): DiskId {
  if (!/^[0-9a-f]{32}$/.test(text)) throw new WrennError('internal_error', `${text} is no disk ID`);
  return text as DiskId;
}

/** In the folder of one snapshot. */
export const snapshotFiles = {
  manifest: 'manifest.json',
  memoryMap: 'memory.map',
  deviceState: 'device-state',
  /** There when the snapshot stands for itself. */
  listed: 'listed',
} as const;

/** Where the store keeps what. */
export class StorePaths {
  readonly directory: string;
  readonly #templates: string;
  /** Snapshots that could not be read, which a collection leaves alone. */
  readonly #left = new Set<string>();

  constructor(directory: string, templates: string) {
    this.directory = directory;
    this.#templates = templates;
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

  removed(id: string): string {
    return join(this.directory, `.removed-${id}`);
  }

  layer(id: string): string {
    return join(this.layers, `${id}.memory`);
  }

  disk(id: DiskId): string {
    return join(this.disks, `${id}.qcow2`);
  }

  templateMemory(key: string): string {
    return join(this.#templates, key, 'memory');
  }

  templateDisk(key: string): string {
    return join(this.#templates, key, 'disk.qcow2');
  }

  leave(name: string): void {
    this.#left.add(name);
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
