import type { CapsuleId, SnapshotId } from '@wrenn/core';
import type { EngineTraits, MemorySource, WrittenPages } from '../engine/engine.ts';
import type { SnapshotManifest } from './manifest.ts';

/** Names a disk layer or an overlay in use: 32 hexadecimal digits, so that all names are of one length. */
export type DiskId = string & { readonly disk: unique symbol };

/** A snapshot whose manifest was read. Its parts are checked by `check`, not before. */
export interface Snapshot {
  readonly id: SnapshotId;
  readonly directory: string;
  readonly manifest: SnapshotManifest;
}

/** As long as it is held a snapshot and all it is made of stay; released, it goes if nobody else wants it. */
export interface Hold {
  readonly snapshot: Snapshot;
  release(): Promise<void>;
}

/** What a collection removes, or would remove. */
export interface Garbage {
  readonly kind: 'snapshot' | 'layer' | 'disk' | 'draft';
  readonly path: string;
  readonly bytes: number;
}

/** What a draft becomes, beside what it measures itself. */
export type DraftFacts = Omit<
  SnapshotManifest,
  'version' | 'id' | 'createdAtMs' | 'template' | 'memoryMap' | 'layers' | 'disks' | 'deviceState'
> & { readonly template: { readonly key: string; readonly name: string } };

/** A snapshot that is being made. Disposed of before it is published, nothing of it is left. */
export interface Draft extends AsyncDisposable {
  /**
   * Stores what differs from `parent` (from the base, when it is undefined or too deep) as one new layer, and returns how many bytes that
   * took. Nothing is flushed yet: the guest stands still meanwhile.
   */
  writeMemory(
    pages: AsyncIterable<WrittenPages>,
    parent: Snapshot | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number }>;
  /** Copies the engine's file. */
  writeDeviceState(from: string): Promise<void>;
  /** `disks` from the lowest to the topmost; each is complete and is never written to again. */
  publish(
    facts: DraftFacts,
    disks: readonly DiskId[],
    signal: AbortSignal,
  ): Promise<{ readonly snapshot: Snapshot; readonly diskBytes: number }>;
}

export interface SnapshotStore {
  readonly directory: string;
  begin(id: SnapshotId): Promise<Draft>;
  find(id: SnapshotId): Snapshot | undefined;
  /** Throws `not_found`. */
  hold(id: SnapshotId): Hold;
  /** Listed ones stay without being held. */
  list(id: SnapshotId): Promise<void>;
  unlist(id: SnapshotId): Promise<void>;
  listed(): Snapshot[];
  /** A second snapshot of the same parts. */
  alias(from: Snapshot, id: SnapshotId): Promise<Snapshot>;
  /** Throws `snapshot_refused` that names the part which is missing, short, altered, or of another engine or CPU. */
  check(snapshot: Snapshot, traits: EngineTraits, signal: AbortSignal): Promise<void>;
  memoryOf(snapshot: Snapshot): Promise<MemorySource>;
  deviceStateOf(snapshot: Snapshot): string;
  /** On disk, shared parts included. */
  sizeOf(snapshot: Snapshot): number;

  /** A new name and place for a disk; whoever makes the file there owns it until it is published or discarded. */
  newDisk(): { readonly id: DiskId; readonly path: string };
  diskPath(id: DiskId): string;
  /** The topmost disk of a snapshot. */
  topDisk(snapshot: Snapshot): string;
  discardDisk(id: DiskId): Promise<void>;

  /** What nobody holds, lists or uses. `disks` are those that machines write to. */
  collect(used: { readonly disks: ReadonlySet<DiskId> }, mode: 'dry_run' | 'remove'): Promise<Garbage[]>;
}

export type { CapsuleId };
