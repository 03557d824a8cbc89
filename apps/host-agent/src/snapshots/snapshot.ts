import type { SnapshotId } from '@wrenn/core';
import type { SnapshotManifest } from './manifest.ts';

/** A snapshot whose manifest was read. Its parts are checked by `check`, not before. */
export interface Snapshot {
  readonly id: SnapshotId;
  readonly directory: string;
  readonly manifest: SnapshotManifest;
}

/** As long as it is held a snapshot and all it is made of stay; released, it goes if nobody else wants it. */
export interface Hold {
  readonly snapshot: Snapshot;
  /** A second time does nothing. */
  release(): Promise<void>;
}
