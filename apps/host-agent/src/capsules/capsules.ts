import type { CapsuleId } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { CgroupHost } from '../cgroup/cgroup-host.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageSet } from '../images/image-set.ts';
import type { Journal } from '../journal/journal.ts';
import type { MetadataService } from '../metadata-service/metadata-service.ts';
import type { Histories } from '../metrics/histories.ts';
import type { SlotPool } from '../network/slot-pool.ts';
import type { RootImages } from '../root-images/root-images.ts';
import type { SnapshotStore } from '../snapshots/snapshot-store.ts';
import type { TemplateStore } from '../templates/template-store.ts';
import type { TrafficCatalog } from '../traffic/traffic-catalog.ts';
import type { Admission } from './admission.ts';
import type { Capsule, RunningCapsule } from './capsule.ts';
import { isPaused, notOnHost, notRunnable } from './capsule-errors.ts';
import { KeyedLock } from './keyed-lock.ts';

/** What the operations on capsules share. Each operation is a file of its own beside this one. */
export interface CapsuleContext {
  readonly log: Logger;
  readonly engine: Engine;
  readonly images: ImageSet;
  readonly slots: SlotPool;
  readonly cgroups: CgroupHost;
  readonly metadata: MetadataService;
  readonly journal: Journal;
  /** What capsules used, until they are destroyed. */
  readonly metrics: Histories;
  readonly templates: TemplateStore;
  /** What templates are booted from, beside those of `images`. */
  readonly rootImages: RootImages;
  readonly snapshots: SnapshotStore;
  /** What the processes that forward traffic to capsules are told. */
  readonly traffic: TrafficCatalog;
  /** Whether this host takes on more. */
  readonly admission: Admission;
  readonly agentVersion: string;
  /** The capsules of this host by ID. */
  readonly capsules: Map<CapsuleId, Capsule>;
  /** Whatever changes a capsule holds its lock. */
  readonly locks: KeyedLock<CapsuleId>;
}

export function capsuleLocks(): KeyedLock<CapsuleId> {
  return new KeyedLock();
}

/** The capsule, whatever became of it; `not_found` where this host has none. */
export function requirePresent(context: Pick<CapsuleContext, 'capsules'>, id: CapsuleId): Capsule {
  const capsule = context.capsules.get(id);
  if (capsule === undefined) throw notOnHost(id);
  return capsule;
}

/** The capsule if its machine runs; `not_found` or `invalid_state` otherwise. */
export function requireRunning(context: CapsuleContext, id: CapsuleId): RunningCapsule {
  const capsule = requirePresent(context, id);
  switch (capsule.kind) {
    case 'running':
      return capsule;
    case 'paused':
      throw isPaused(id);
    case 'failed':
      throw notRunnable(id);
  }
}
