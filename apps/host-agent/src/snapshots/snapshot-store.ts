import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, parseId, type SnapshotId, systemCode, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { EngineTraits, MemorySource } from '../engine/engine.ts';
import { checkSnapshot } from './check.ts';
import { Draft } from './draft.ts';
import { flushFolder, sizeOf } from './files.ts';
import { type SnapshotManifest, snapshotManifest } from './manifest.ts';
import type { MemoryMap } from './memory-map.ts';
import { decodeMap } from './memory-map-file.ts';
import { asDiskId, type DiskId, StorePaths, snapshotFiles } from './paths.ts';

export { asDiskId, type DiskId } from './paths.ts';

/** A snapshot whose manifest was read. Its parts are checked by `check`, not before. */
export interface Snapshot {
  readonly id: SnapshotId;
  readonly directory: string;
  readonly manifest: SnapshotManifest;
}

/** As long as it is held a snapshot and all it is made of stay; released, it goes if nobody else wants it. */
export interface Hold {
  readonly snapshot: Snapshot;
  /** Once; whoever releases twice lets go of somebody else's. */
  release(): Promise<void>;
}

/** What a collection removes, or would remove. */
export interface Garbage {
  readonly kind: 'snapshot' | 'layer' | 'disk' | 'draft';
  readonly path: string;
  readonly bytes: number;
}

interface Known {
  readonly snapshot: Snapshot;
  holds: number;
  isListed: boolean;
}

/** See docs/snapshots.md for what is on the disk, and what is promised of it. */
export class SnapshotStore {
  readonly paths: StorePaths;
  readonly #log: Logger;
  readonly #known = new Map<SnapshotId, Known>();
  /** Disks that were made or are being made since this process started, and are in no snapshot yet. */
  readonly #newDisks = new Set<DiskId>();

  private constructor(paths: StorePaths, log: Logger) {
    this.paths = paths;
    this.#log = log;
  }

  static async open(options: {
    readonly directory: string;
    readonly templatesDirectory: string;
    readonly log: Logger;
  }): Promise<SnapshotStore> {
    const paths = new StorePaths(options.directory, options.templatesDirectory);
    // Each VMM has to get to its own disk and those beneath it, by name.
    await mkdir(paths.directory, { recursive: true, mode: 0o711 });
    await mkdir(paths.disks, { recursive: true, mode: 0o711 });
    await mkdir(paths.layers, { recursive: true, mode: 0o700 });
    const store = new SnapshotStore(paths, options.log);
    for (const name of await readdir(paths.directory)) await store.#load(name);
    return store;
  }

  async begin(id: SnapshotId): Promise<Draft> {
    if (this.#known.has(id)) throw new WrennError('conflict', `snapshot ${id} is there already`);
    return await Draft.begin(id, this.paths, {
      mapOf: (snapshot) => this.mapOf(snapshot),
      knownDisk: (disk) => this.#knownDisk(disk),
      published: (snapshot) => this.#add(snapshot),
    });
  }

  find(id: SnapshotId): Snapshot | undefined {
    return this.#known.get(id)?.snapshot;
  }

  /** Throws `not_found`. */
  hold(id: SnapshotId): Hold {
    const known = this.#require(id);
    known.holds += 1;
    return {
      snapshot: known.snapshot,
      release: async () => {
        known.holds -= 1;
        await this.#removeUnwanted(known);
      },
    };
  }

  /** From now on it stays without being held. */
  async list(id: SnapshotId): Promise<void> {
    const known = this.#require(id);
    if (known.isListed) return;
    await writeFile(join(known.snapshot.directory, snapshotFiles.listed), '', { mode: 0o600 });
    await flushFolder(known.snapshot.directory);
    known.isListed = true;
  }

  async unlist(id: SnapshotId): Promise<void> {
    const known = this.#require(id);
    await rm(join(known.snapshot.directory, snapshotFiles.listed), { force: true });
    known.isListed = false;
    await this.#removeUnwanted(known);
  }

  listed(): Snapshot[] {
    return [...this.#known.values()].filter(({ isListed }) => isListed).map(({ snapshot }) => snapshot);
  }

  /** Booted templates that snapshots lie on. */
  templateKeys(): Set<string> {
    return new Set([...this.#known.values()].map(({ snapshot }) => snapshot.manifest.template.key));
  }

  /** A second snapshot of the same parts. */
  async alias(from: Snapshot, id: SnapshotId): Promise<Snapshot> {
    await using draft = await this.begin(id);
    return await draft.publishAlias(from);
  }

  /** Throws `snapshot_refused` that names the part which is missing, short, altered, or of another engine or CPU. */
  async check(snapshot: Snapshot, traits: EngineTraits, signal: AbortSignal): Promise<void> {
    await checkSnapshot(snapshot, this.paths, traits, signal);
  }

  async memoryOf(snapshot: Snapshot): Promise<MemorySource> {
    const { ranges } = await this.mapOf(snapshot);
    return {
      base: this.paths.templateMemory(snapshot.manifest.template.key),
      changes: ranges.map(({ offset, length, source }) => ({
        offset,
        length,
        content: source === 'zero' ? 'zero' : { path: this.paths.layer(source.layer), offset: source.offset },
      })),
    };
  }

  async mapOf({ directory }: Snapshot): Promise<MemoryMap> {
    return decodeMap(await readFile(join(directory, snapshotFiles.memoryMap)));
  }

  deviceStateOf({ directory }: Snapshot): string {
    return join(directory, snapshotFiles.deviceState);
  }

  /** In bytes, with what it shares with others. */
  sizeOf({ manifest }: Snapshot): number {
    const parts = [manifest.memoryMap, manifest.deviceState, ...manifest.layers, ...manifest.disks];
    return parts.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** A new name and place for a disk; whoever makes the file there owns it until it is published or discarded. */
  newDisk(): { readonly id: DiskId; readonly path: string } {
    const id = randomBytes(16).toString('hex') as DiskId;
    this.#newDisks.add(id);
    return { id, path: this.paths.disk(id) };
  }

  diskPath(id: DiskId): string {
    return this.paths.disk(id);
  }

  /** The disk that a machine which is started from the snapshot lies on. */
  topDisk({ manifest }: Snapshot): string {
    const top = manifest.disks.at(-1);
    return top === undefined
      ? this.paths.templateDisk(manifest.template.key)
      : this.paths.disk(asDiskId(top.id));
  }

  /** Removes a disk that is in no snapshot. */
  async discardDisk(id: DiskId): Promise<void> {
    this.#newDisks.delete(id);
    if (this.#knownDisk(id) === undefined) await rm(this.paths.disk(id), { force: true });
  }

  /** What nobody holds, lists or uses. `used.disks` are those that machines write to. */
  async collect(
    used: { readonly disks: ReadonlySet<DiskId> },
    mode: 'dry_run' | 'remove',
  ): Promise<Garbage[]> {
    const garbage = await this.#garbage(used.disks);
    if (mode === 'dry_run') return garbage;
    for (const { path } of garbage) await rm(path, { recursive: true, force: true });
    for (const [id, known] of this.#known) if (!isWanted(known)) this.#known.delete(id);
    return garbage;
  }

  async #garbage(usedDisks: ReadonlySet<DiskId>): Promise<Garbage[]> {
    const wanted = [...this.#known.values()].filter(isWanted).map(({ snapshot }) => snapshot);
    const ids = new Set<string>(wanted.map(({ id }) => id));
    const layers = new Set(wanted.flatMap(({ manifest }) => manifest.layers.map(({ id }) => `${id}.memory`)));
    const disks = new Set(wanted.flatMap(({ manifest }) => manifest.disks.map(({ id }) => `${id}.qcow2`)));
    for (const id of [...usedDisks, ...this.#newDisks]) disks.add(`${id}.qcow2`);
    const found: Omit<Garbage, 'bytes'>[] = [];
    for (const name of await readdir(this.paths.directory)) {
      const kind = this.paths.kindOf(name);
      if (kind === undefined || ids.has(name)) continue;
      found.push({ kind, path: join(this.paths.directory, name) });
    }
    const keepsParts = this.paths.hasLeft;
    for (const name of keepsParts ? [] : await readdir(this.paths.layers))
      if (!layers.has(name)) found.push({ kind: 'layer', path: join(this.paths.layers, name) });
    for (const name of keepsParts ? [] : await readdir(this.paths.disks))
      if (!disks.has(name)) found.push({ kind: 'disk', path: join(this.paths.disks, name) });
    return await Promise.all(found.map(async (each) => ({ ...each, bytes: await sizeOf(each.path) })));
  }

  async #load(name: string): Promise<void> {
    if (this.paths.kindOf(name) !== 'snapshot') return;
    const directory = join(this.paths.directory, name);
    try {
      const text = await readFile(join(directory, snapshotFiles.manifest), 'utf8');
      const manifest = snapshotManifest.parse(JSON.parse(text));
      const isListed = (await readdir(directory)).includes(snapshotFiles.listed);
      const id = parseId('snapshot', name);
      this.#known.set(id, { snapshot: { id, directory, manifest }, holds: 0, isListed });
    } catch (thrown) {
      // Whoever needs it gets `not_found`. It is left where it is: a person may be able to mend it.
      this.#log.error({ snapshot: name, cause: describeError(thrown) }, 'a snapshot cannot be read');
      this.paths.leave(name);
    }
  }

  #add(snapshot: Snapshot): void {
    this.#known.set(snapshot.id, { snapshot, holds: 0, isListed: false });
    for (const { id } of snapshot.manifest.disks) this.#newDisks.delete(id as DiskId);
  }

  #require(id: SnapshotId): Known {
    const known = this.#known.get(id);
    if (known === undefined) throw new WrennError('not_found', `snapshot ${id} is not on this host`);
    return known;
  }

  #knownDisk(id: DiskId): SnapshotManifest['disks'][number] | undefined {
    for (const { snapshot } of this.#known.values()) {
      const found = snapshot.manifest.disks.find((disk) => disk.id === id);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The folder first, so that a crash leaves parts without a snapshot, never a snapshot without its parts. */
  async #removeUnwanted(known: Known): Promise<void> {
    const { snapshot } = known;
    if (isWanted(known) || this.#known.get(snapshot.id) !== known) return;
    this.#known.delete(snapshot.id);
    const removed = this.paths.removed(snapshot.id);
    try {
      await rename(snapshot.directory, removed);
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') throw thrown;
    }
    await rm(removed, { recursive: true, force: true });
    const others = [...this.#known.values()].map((other) => other.snapshot.manifest);
    const layers = new Set(others.flatMap((manifest) => manifest.layers.map(({ id }) => id)));
    const disks = new Set(others.flatMap((manifest) => manifest.disks.map(({ id }) => id)));
    const { manifest } = snapshot;
    for (const { id } of manifest.layers)
      if (!layers.has(id)) await rm(this.paths.layer(id), { force: true });
    for (const { id } of manifest.disks)
      if (!disks.has(id)) await rm(this.paths.disk(id as DiskId), { force: true });
  }
}

function isWanted({ holds, isListed }: Known): boolean {
  return holds > 0 || isListed;
}
