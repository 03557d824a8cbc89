import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { allEnded, Cleanup, type SnapshotId, WrennError } from '@wrenn/core';
import type { WrittenPages } from '../engine/engine.ts';
import { stampOf } from '../templates/template-snapshot.ts';
import { flushFolder, partOf } from './files.ts';
import { type LayerReader, LayerWriter } from './layer-writer.ts';
import { formatVersion, type SnapshotManifest } from './manifest.ts';
import { layersOf, type MemoryMap } from './memory-map.ts';
import { encodeMap } from './memory-map-file.ts';
import { type DiskId, type StorePaths, snapshotFiles } from './paths.ts';
import type { Snapshot } from './snapshot-store.ts';
import { templateMemoryPart } from './template-part.ts';

/** A map that reads from this many layers is followed by one that reads from one: all that differs from the template. */
const mostLayers = 8;

/** What a draft becomes, beside what it measures itself. */
export type DraftFacts = Omit<
  SnapshotManifest,
  'version' | 'id' | 'createdAtMs' | 'template' | 'memoryMap' | 'layers' | 'disks' | 'deviceState'
> & { readonly template: { readonly key: string; readonly name: string } };

/** What a draft needs of its store. */
interface Surroundings {
  mapOf(snapshot: Snapshot): Promise<MemoryMap>;
  /** The checksum of a disk that an earlier snapshot has. */
  knownDisk(id: DiskId): SnapshotManifest['disks'][number] | undefined;
  published(snapshot: Snapshot): void;
}

/** A snapshot that is being made. Disposed of before it is published, nothing of it is left. */
export class Draft implements AsyncDisposable {
  readonly #id: SnapshotId;
  readonly #paths: StorePaths;
  readonly #around: Surroundings;
  readonly #undo = new Cleanup();
  readonly #open = new Cleanup();
  #memory: { map: MemoryMap; parent: Snapshot | undefined; own: string; writer: LayerWriter } | undefined;

  private constructor(id: SnapshotId, paths: StorePaths, around: Surroundings) {
    this.#id = id;
    this.#paths = paths;
    this.#around = around;
  }

  static async begin(id: SnapshotId, paths: StorePaths, around: Surroundings): Promise<Draft> {
    const draft = new Draft(id, paths, around);
    const directory = paths.draft(id);
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { mode: 0o700 });
    await draft.#undo.add('draft', () => rm(directory, { recursive: true, force: true }));
    return draft;
  }

  /**
   * Stores what differs from `parent` as one new layer; from the template, where there is no parent or its map reads
   * from too many layers already. Nothing is flushed yet: the guest stands still meanwhile.
   */
  async writeMemory(
    pages: AsyncIterable<WrittenPages>,
    parent: Snapshot | undefined,
    memoryMiB: number,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number }> {
    const parentMap = parent === undefined ? undefined : await this.#around.mapOf(parent);
    const before = parentMap !== undefined && layersOf(parentMap).length < mostLayers ? parentMap : undefined;
    const layers = new OpenLayers(this.#paths);
    await this.#open.add('layers', () => layers[Symbol.dispose]());
    const own = randomBytes(16).toString('hex');
    const path = this.#paths.layer(own);
    await this.#undo.add('layer', () => rm(path, { force: true }));
    const writer = await LayerWriter.create(path, own, before, layers);
    await this.#open.add('layer', () => writer[Symbol.asyncDispose]());
    for await (const run of pages) {
      signal.throwIfAborted();
      writer.add(run);
    }
    const { ranges, bytes } = writer.end();
    const map = {
      memoryBytes: memoryMiB * 1024 * 1024,
      generation: (parentMap?.generation ?? 0) + 1,
      ranges,
    };
    this.#memory = { map, parent, own, writer };
    return { bytes };
  }

  /** Copies the engine's file. */
  async writeDeviceState(from: string): Promise<void> {
    await copyFile(from, this.#path('deviceState'));
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
    await chmod(this.#path('deviceState'), 0o600);
    const [memoryMap, deviceState, layers, sealed, base] = await allEnded([
      partOf(this.#path('memoryMap')),
      partOf(this.#path('deviceState')),
      this.#layers(memory),
      Promise.all(disks.map((id) => this.#seal(id))),
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
    await this.#open.release();
    await this.#undo.release();
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

  /** From now on nobody writes to it: root's, and readable by whichever VMM lies on it. */
  async #seal(id: DiskId): Promise<{ disk: SnapshotManifest['disks'][number]; isNew: boolean }> {
    const known = this.#around.knownDisk(id);
    if (known !== undefined) return { disk: known, isNew: false };
    const path = this.#paths.disk(id);
    await chown(path, 0, 0);
    await chmod(path, 0o444);
    return { disk: { id, ...(await partOf(path)) }, isNew: true };
  }

  async #appear(manifest: SnapshotManifest): Promise<Snapshot> {
    const path = this.#path('manifest');
    await writeFile(path, JSON.stringify(manifest, null, 2), { mode: 0o600, flush: true });
    const directory = this.#paths.snapshot(this.#id);
    await allEnded([
      flushFolder(this.#paths.draft(this.#id)),
      flushFolder(this.#paths.layers),
      flushFolder(this.#paths.disks),
    ]);
    await rename(this.#paths.draft(this.#id), directory);
    this.#undo.commit();
    await flushFolder(this.#paths.directory);
    const snapshot = { id: this.#id, directory, manifest };
    this.#around.published(snapshot);
    return snapshot;
  }
}

/** Reads without leaving the thread: the layers are in the page cache, and a guest stands still. */
class OpenLayers implements LayerReader, Disposable {
  readonly #paths: StorePaths;
  readonly #files = new Map<string, number>();

  constructor(paths: StorePaths) {
    this.#paths = paths;
  }

  read(layer: string, bytes: Buffer, position: number): void {
    const file = this.#fileOf(layer);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(file, bytes, done, bytes.length - done, position + done);
      if (read === 0) throw new WrennError('snapshot_refused', `memory layer ${layer} ends too early`);
      done += read;
    }
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) closeSync(file);
  }

  #fileOf(layer: string): number {
    const known = this.#files.get(layer);
    if (known !== undefined) return known;
    const file = openSync(this.#paths.layer(layer), 'r');
    this.#files.set(layer, file);
    return file;
  }
}
