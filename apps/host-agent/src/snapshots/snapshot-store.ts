import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeError, type SnapshotId, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { EngineTraits, MemorySource } from '../engine/engine.ts';
import { flush } from '../files/flush.ts';
import { checkSnapshot } from './check.ts';
import { Draft } from './draft.ts';
import {
  type Candidate,
  findCandidates,
  type Garbage,
  isPart,
  isWantedPart,
  measured,
  partsOf,
  removeFolder,
  removeGarbage,
  removeParts,
  type WantedParts,
} from './garbage.ts';
import { InProgress } from './in-progress.ts';
import type { SnapshotManifest } from './manifest.ts';
import type { MemoryMap } from './memory-map.ts';
import { type DiskId, StorePaths, snapshotFiles } from './paths.ts';
import { readMap } from './read-map.ts';
import { readSnapshotFolder } from './read-snapshot.ts';
import type { Hold, Snapshot } from './snapshot.ts';

export { asDiskId, type DiskId } from './paths.ts';
export type { Hold, Snapshot } from './snapshot.ts';

interface Known {
  readonly snapshot: Snapshot;
  holds: number;
  isListed: boolean;
  /** Published by this process, and not held or listed yet: whoever made it is about to. */
  isNew: boolean;
}

/** See docs/snapshots.md. */
export class SnapshotStore {
  readonly paths: StorePaths;
  readonly #log: Logger;
  readonly #known = new Map<SnapshotId, Known>();
  /** Found at the start. Until a collection, when it is known who wants what, a release removes none of these. */
  readonly #found = new Set<SnapshotId>();
  readonly #inProgress = new InProgress();
  /** Booted templates that a snapshot which cannot be read may lie on. */
  readonly #leftTemplates: string[] = [];

  private constructor(paths: StorePaths, log: Logger) {
    this.paths = paths;
    this.#log = log;
  }

  static async open(options: {
    readonly directory: string;
    readonly templatesDirectory: string;
    /** Ending of the names of disks, with its dot. */
    readonly diskSuffix: string;
    readonly log: Logger;
  }): Promise<SnapshotStore> {
    const paths = new StorePaths(options.directory, options.templatesDirectory, options.diskSuffix);
    // Each VMM has to get to its own disk and those beneath it, by name.
    await mkdir(paths.directory, { recursive: true, mode: 0o711 });
    await mkdir(paths.disks, { recursive: true, mode: 0o711 });
    await mkdir(paths.layers, { recursive: true, mode: 0o700 });
    const store = new SnapshotStore(paths, options.log);
    for (const name of await readdir(paths.directory)) await store.#load(name);
    if (paths.hasLeft) store.#leftTemplates.push(...(await paths.templateKeys()));
    return store;
  }

  async begin(id: SnapshotId): Promise<Draft> {
    if (this.#known.has(id) || this.#inProgress.drafts.has(id) || this.paths.isLeft(id))
      throw new WrennError('conflict', `snapshot ${id} is there already`);
    return await Draft.begin(id, this.paths, {
      inProgress: this.#inProgress,
      pin: (pinned) => this.#pin(this.#require(pinned)),
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
    known.isNew = false;
    return this.#pin(known);
  }

  /** From now on it stays without being held. */
  async list(id: SnapshotId): Promise<void> {
    const known = this.#require(id);
    if (known.isListed) return;
    // Until it is, it has to be wanted: whoever else holds it may let go meanwhile.
    const pin = this.#pin(known);
    try {
      await writeFile(join(known.snapshot.directory, snapshotFiles.listed), '', { mode: 0o600 });
      await flush(known.snapshot.directory);
      known.isListed = true;
      known.isNew = false;
    } finally {
      await pin.release();
    }
  }

  async unlist(id: SnapshotId): Promise<void> {
    const known = this.#require(id);
    const pin = this.#pin(known);
    try {
      await rm(join(known.snapshot.directory, snapshotFiles.listed), { force: true });
      await flush(known.snapshot.directory);
      known.isListed = false;
      known.isNew = false;
    } finally {
      await pin.release();
    }
  }

  listed(): Snapshot[] {
    return [...this.#known.values()].filter(({ isListed }) => isListed).map(({ snapshot }) => snapshot);
  }

  /** Booted templates that snapshots lie on. */
  templateKeys(): Set<string> {
    const known = [...this.#known.values()].map(({ snapshot }) => snapshot.manifest.template.key);
    return new Set([...known, ...this.#leftTemplates]);
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

  async mapOf(snapshot: Snapshot): Promise<MemoryMap> {
    return await readMap(snapshot);
  }

  deviceStateOf({ directory }: Snapshot): string {
    return join(directory, snapshotFiles.deviceState);
  }

  /** Where a start from it finds which memory is needed first; the file may be missing. */
  workingSetOf({ directory }: Snapshot): string {
    return join(directory, snapshotFiles.workingSet);
  }

  /** In bytes, with what it shares with others. */
  sizeOf({ manifest }: Snapshot): number {
    const parts = [manifest.memoryMap, manifest.deviceState, ...manifest.layers, ...manifest.disks];
    return parts.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** A new name and place for a disk; whoever makes the file there owns it until it is published or discarded. */
  newDisk(): { readonly id: DiskId; readonly path: string } {
    const id = randomBytes(16).toString('hex') as DiskId;
    this.#inProgress.disks.add(id);
    return { id, path: this.paths.disk(id) };
  }

  diskPath(id: DiskId): string {
    return this.paths.disk(id);
  }

  /** Removes a disk that is in no snapshot. */
  async discardDisk(id: DiskId): Promise<void> {
    const isOurs = this.#inProgress.disks.delete(id);
    if (this.#knownDisk(id) !== undefined || (this.paths.hasLeft && !isOurs)) return;
    await rm(this.paths.disk(id), { force: true });
  }

  /**
   * What nobody holds, lists, uses or makes. `used.disks` are those that machines write to. Operations may run meanwhile:
   * what they came to want since it was found is left.
   */
  async collect(
    used: { readonly disks: ReadonlySet<DiskId> },
    mode: 'dry_run' | 'remove',
  ): Promise<Garbage[]> {
    const candidates = await findCandidates(this.paths);
    const wanted = this.#wantedParts(used.disks);
    const garbage = candidates.filter((each) =>
      isPart(each) ? !isWantedPart(each, wanted) : !this.#isWantedFolder(each),
    );
    if (mode === 'dry_run') return await Promise.all(garbage.map(measured));
    this.#found.clear();
    const removed: Garbage[] = [];
    for (const each of garbage.filter((one) => !isPart(one))) {
      if (!this.#isWantedFolder(each)) {
        this.#known.delete(each.name as SnapshotId);
        removed.push(...(await removeGarbage(this.paths, each, this.#log)));
      }
    }
    // Now that they are gone nobody can come to want a part of theirs.
    const stillWanted = this.#wantedParts(used.disks);
    for (const each of garbage.filter(isPart))
      if (!isWantedPart(each, stillWanted))
        removed.push(...(await removeGarbage(this.paths, each, this.#log)));
    return removed;
  }

  #wantedParts(usedDisks: ReadonlySet<DiskId>): WantedParts {
    const manifests = [...this.#known.values()].filter(isWanted).map(({ snapshot }) => snapshot.manifest);
    const { layers, disks } = this.#inProgress;
    return partsOf(manifests, layers, [...usedDisks, ...disks]);
  }

  #isWantedFolder({ name }: Candidate): boolean {
    if (this.paths.isDraftOf(this.#inProgress.drafts, name)) return true;
    return isWanted(this.#known.get(name as SnapshotId));
  }

  async #load(name: string): Promise<void> {
    if (this.paths.kindOf(name) !== 'snapshot') return;
    try {
      const { snapshot, isListed } = await readSnapshotFolder(join(this.paths.directory, name), name);
      this.#known.set(snapshot.id, { snapshot, holds: 0, isListed, isNew: false });
      this.#found.add(snapshot.id);
    } catch (thrown) {
      // Whoever needs it gets `not_found`. It is left where it is: a person may be able to mend it.
      this.#log.error({ snapshot: name, cause: describeError(thrown) }, 'a snapshot cannot be read');
      this.paths.leave(name);
    }
  }

  #add(snapshot: Snapshot): void {
    this.#known.set(snapshot.id, { snapshot, holds: 0, isListed: false, isNew: true });
    for (const { id } of snapshot.manifest.disks) this.#inProgress.disks.delete(id as DiskId);
  }

  /** A hold of the store's own: what is new stays so. */
  #pin(known: Known): Hold {
    known.holds += 1;
    let isReleased = false;
    return {
      snapshot: known.snapshot,
      release: async () => {
        if (isReleased) return;
        isReleased = true;
        known.holds -= 1;
        await this.#removeUnwanted(known);
      },
    };
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
    const { id, manifest } = known.snapshot;
    if (isWanted(known) || this.#found.has(id) || this.#known.get(id) !== known) return;
    this.#known.delete(id);
    try {
      await removeFolder(this.paths, id);
      if (this.paths.hasLeft) return;
      const others = [...this.#known.values()].map(({ snapshot }) => snapshot.manifest);
      await removeParts(this.paths, manifest, partsOf(others, [], []));
    } catch (thrown) {
      // Whoever let go of it has nothing to do with that; the next collection finds what is left.
      this.#log.error({ snapshot: id, cause: describeError(thrown) }, 'removing a snapshot');
    }
  }
}

function isWanted(known: Known | undefined): boolean {
  return known !== undefined && (known.holds > 0 || known.isListed || known.isNew);
}
