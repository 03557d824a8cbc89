import type { DiskId } from './paths.ts';

/** What operations of this process are making, and no manifest names yet: not garbage, although nobody wants it. */
export class InProgress {
  /** Snapshot IDs of drafts. */
  readonly drafts = new Set<string>();
  readonly layers = new Set<string>();
  readonly disks = new Set<DiskId>();
}
