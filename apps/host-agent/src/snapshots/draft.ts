import { randomBytes } from 'node:crypto';
import { chmod, chown, copyFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allEnded, Cleanup, type SnapshotId, systemCode, WrennError } from '@wrenn/core';
import type { Machine, WrittenPages } from '../engine/engine.ts';
import { flush } from '../files/flush.ts';
import { readPlaced } from '../files/open-placed.ts';
import { stampOf } from '../templates/template-snapshot.ts';
import { partOf } from './files.ts';
import type { InProgress } from './in-progress.ts';
import { LayerWriter } from './layer-writer.ts';
import { formatVersion, type SnapshotManifest } from './manifest.ts';
import { layersOf, type MemoryMap } from './memory-map.ts';
import { encodeMap } from './memory-map-file.ts';
import { OpenLayers } from './open-layers.ts';
import { type DiskId, type StorePaths, snapshotFiles } from './paths.ts';
import { readMap } from './read-map.ts';
import type { Hold, Snapshot } from './snapshot.ts';
import { templateMemoryPart } from './template-part.ts';

/** A map that reads from this many layers is followed by one that reads from one: all that differs from the template. */
const mostLayers = 8;

/** Some ten KiB with both engines. */
const largestDeviceState = 64 << 20;
const largestHint = 1 << 20;

/** What a draft becomes, beside what it measures itself. */
export type DraftFacts = Omit<
  SnapshotManifest,
  'version' | 'id' | 'createdAtMs' | 'template' | 'memoryMap' | 'layers' | 'disks' | 'deviceState'
> & { readonly template: { readonly key: string; readonly name: string } };

/** The memory of a guest that stands still, see `Machine.writtenPages`. */
export interface MachinePages {
  readonly runs: AsyncIterable<WrittenPages>;
  readonly unwritten: Machine['unwritten'];
}

/** What a draft needs of its store. */
export interface Surroundings {
  readonly inProgress: InProgress;
  /** Keeps what the draft refers to until it is released. */
  pin(id: SnapshotId): Hold;
  /** The checksum of a disk that an earlier snapshot has. */
  knownDisk(id: DiskId): SnapshotManifest['disks'][number] | undefined;
  published(snapshot: Snapshot): void;
}

/** A snapshot that is being made. Disposed of before it is published, nothing of it is left. */
export class Draft implements AsyncDisposable {
  readonly #id: SnapshotId;
  readonly #paths: StorePaths;
  readonly #around: Surroundings;
  readonly #open = new Cleanup();
  readonly #undo = new Cleanup();
  /** What keeps a collection from what the draft is made of, and others from what it refers to. */
  readonly #pins = new Cleanup();
  #memory: { map: MemoryMap; parent: Snapshot | undefined; own: string; writer: LayerWriter } | undefined;

  private constructor(id: SnapshotId, paths: StorePaths, around: Surroundings) {
    this.#id = id;
    this.#paths = paths;
    this.#around = around;
  }

  static async begin(id: SnapshotId, paths: StorePaths, around: Surroundings): Promise<Draft> {
    const draft = new Draft(id, paths, around);
    try {
      await draft.#makeFolder();
      return draft;
    } catch (thrown) {
      await draft[Symbol.asyncDispose]();
      throw thrown;
    }
  }

  /**
   * Stores what differs from `parent` as one new layer; from the template, where there is no parent or its map reads
   * from too many layers already. Nothing is flushed yet: the guest stands still meanwhile.
   */
  async writeMemory(
    pages: MachinePages,
    parent: Snapshot | undefined,
    memoryMiB: number,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number }> {
    if (parent !== undefined) await this.#pin(parent);
    const parentMap = parent === undefined ? undefined : await readMap(parent);
    const before = parentMap !== undefined && layersOf(parentMap).length < mostLayers ? parentMap : undefined;
    const layers = new OpenLayers(parent?.id ?? this.#id, this.#paths);
    await this.#open.add('layers', () => layers[Symbol.dispose]());
    const own = await this.#newLayer();
    const unwritten = pages.unwritten === 'start' ? parentMap : undefined;
    const writer = await LayerWriter.create(this.#paths.layer(own), own, { before, unwritten }, layers);
    await this.#open.add('layer', () => writer[Symbol.asyncDispose]());
    for await (const run of pages.runs) {
      signal.throwIfAborted();
      writer.add(run);
    }
    const memoryBytes = memoryMiB * 1024 * 1024;
    const { ranges, bytes } = writer.end(memoryBytes);
    const map = { memoryBytes, generation: (parentMap?.generation ?? 0) + 1, ranges };
    this.#memory = { map, parent, own, writer };
    return { bytes };
  }

  /** Keeps a hint for those who start from it. That there is none is no fault. */
  async noteWorkingSet(from: string): Promise<void> {
    try {
      const hint = await readPlaced(from, largestHint);
      if (hint !== undefined) await writeFile(this.#path('workingSet'), hint, { mode: 0o600 });
    } catch (thrown) {
      if (systemCode(thrown) !== 'ENOENT') throw thrown;
    }
  }

  /** Copies the engine's file, which is in a directory that the VMM's user writes to. */
  async writeDeviceState(from: string): Promise<void> {
    const state = await readPlaced(from, largestDeviceState);
    if (state === undefined)
      throw new WrennError('agent_error', "the state of the machine's devices is too large");
    await writeFile(this.#path('deviceState'), state, { mode: 0o600 });
  }

  /** `disks` from the lowest to the topmost; each is complete and is never written to again. */
  async publish(
    facts: DraftFacts,
    disks: readonly DiskId[],
    signal: AbortSignal,
  ): Promise<{ readonly snapshot: Snapshot; readonly diskBytes: number }> {
    const memory = this.#memory;
    if (memory === undefined) throw new TypeError('a draft without memory cannot be published');
    await writeFile(this.#path('memoryMap'), encodeMap(memory.map), { mode: 0o600 });
    const [memoryMap, deviceState, layers, sealed, base] = await allEnded([
      partOf(this.#path('memoryMap')),
      partOf(this.#path('deviceState')),
      this.#layers(memory),
      allEnded(disks.map((id) => this.#seal(id))),
      templateMemoryPart(facts.template.key, dirname(this.#paths.templateMemory(facts.template.key))),
    ]);
    signal.throwIfAborted();
    const manifest: SnapshotManifest = {
      ...facts,
      version: formatVersion,
      id: this.#id,
      createdAtMs: Date.now(),
      template: { ...facts.template, memory: base },
      memoryMap,
      layers,
      disks: sealed.map(({ disk }) => disk),
      deviceState,
    };
    const diskBytes = sealed.reduce((sum, { disk, isNew }) => sum + (isNew ? disk.bytes : 0), 0);
    return { snapshot: await this.#appear(manifest), diskBytes };
  }

  /** A snapshot of the parts of another one. */
  async publishAlias(from: Snapshot): Promise<Snapshot> {
    await this.#pin(from);
    for (const name of ['memoryMap', 'deviceState'] as const)
      await copyFile(join(from.directory, snapshotFiles[name]), this.#path(name));
    const [memoryMap, deviceState] = await allEnded([
      partOf(this.#path('memoryMap')),
      partOf(this.#path('deviceState')),
    ]);
    return await this.#appear({
      ...from.manifest,
      id: this.#id,
      createdAtMs: Date.now(),
      memoryMap,
      deviceState,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await using all = new Cleanup();
    await all.add('pins', () => this.#pins.release());
    await all.add('undo', () => this.#undo.release());
    await all.add('open files', () => this.#open.release());
  }

  async #makeFolder(): Promise<void> {
    const directory = this.#paths.draft(this.#id);
    const { drafts } = this.#around.inProgress;
    drafts.add(this.#id);
    await this.#pins.add('draft', () => void drafts.delete(this.#id));
    await this.#undo.add('draft', () => rm(directory, { recursive: true, force: true }));
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
  }

  async #newLayer(): Promise<string> {
    const id = randomBytes(16).toString('hex');
    const { layers } = this.#around.inProgress;
    layers.add(id);
    await this.#pins.add('layer', () => void layers.delete(id));
    await this.#undo.add('layer', () => rm(this.#paths.layer(id), { force: true }));
    return id;
  }

  async #pin({ id }: Snapshot): Promise<void> {
    const pin = this.#around.pin(id);
    await this.#pins.add('snapshot', () => pin.release());
  }

  #path(name: keyof typeof snapshotFiles): string {
    return join(this.#paths.draft(this.#id), snapshotFiles[name]);
  }

  async #layers(memory: {
    map: MemoryMap;
    parent: Snapshot | undefined;
    own: string;
    writer: LayerWriter;
  }): Promise<SnapshotManifest['layers']> {
    const flushed = await memory.writer.flush();
    const inMap = layersOf(memory.map);
    const older = memory.parent?.manifest.layers.filter(({ id }) => inMap.includes(id)) ?? [];
    if (!inMap.includes(memory.own)) {
      await rm(this.#paths.layer(memory.own), { force: true });
      return older;
    }
    const stamp = await stampOf(this.#paths.layer(memory.own));
    return [...older, { id: memory.own, ...flushed, stamp }];
  }

  /**
   * From now on nobody writes to it: root's, and readable by whichever VMM lies on it. Where nothing comes of the
   * draft, it is its machine's again, which may be writing to it and opens it once more later.
   */
  async #seal(id: DiskId): Promise<{ disk: SnapshotManifest['disks'][number]; isNew: boolean }> {
    const known = this.#around.knownDisk(id);
    if (known !== undefined) return { disk: known, isNew: false };
    const path = this.#paths.disk(id);
    const { uid, gid, mode } = await stat(path);
    await this.#undo.add('disk', async () => {
      await chown(path, uid, gid);
      await chmod(path, mode & 0o777);
    });
    await chown(path, 0, 0);
    await chmod(path, 0o444);
    return { disk: { id, ...(await partOf(path)) }, isNew: true };
  }

  async #appear(manifest: SnapshotManifest): Promise<Snapshot> {
    const path = this.#path('manifest');
    await writeFile(path, JSON.stringify(manifest, null, 2), { mode: 0o600 });
    const directory = this.#paths.snapshot(this.#id);
    await allEnded([
      flush(path),
      flush(this.#paths.draft(this.#id)),
      flush(this.#paths.layers),
      flush(this.#paths.disks),
    ]);
    await rename(this.#paths.draft(this.#id), directory);
    try {
      await flush(this.#paths.directory);
    } catch (thrown) {
      if (await this.#takeBack(directory)) throw thrown;
      // It stays where the next start finds it, so it counts from now on too.
    }
    this.#undo.commit();
    const snapshot = { id: this.#id, directory, manifest };
    this.#around.published(snapshot);
    return snapshot;
  }

  async #takeBack(directory: string): Promise<boolean> {
    try {
      await rename(directory, this.#paths.draft(this.#id));
      return true;
    } catch {
      return false;
    }
  }
}
