import { type CapsuleId, WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { CgroupHost } from '../cgroup/cgroup-host.ts';
import type { Engine } from '../engine/engine.ts';
import type { ImageSet } from '../images/image-set.ts';
import type { Journal } from '../journal/journal.ts';
import type { MetadataService } from '../metadata-service/metadata-service.ts';
import type { SlotPool } from '../network/slot-pool.ts';
import type { TemplateStore } from '../templates/template-store.ts';
import type { Capsule, RunningCapsule } from './capsule.ts';
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
  readonly templates: TemplateStore;
  readonly agentVersion: string;
  /** The capsules of this host by ID. */
  readonly capsules: Map<CapsuleId, Capsule>;
  /** Whatever changes a capsule holds its lock. */
  readonly locks: KeyedLock<CapsuleId>;
}

export function capsuleLocks(): KeyedLock<CapsuleId> {
  return new KeyedLock();
}

/** The capsule if its machine runs; `not_found` or `invalid_state` otherwise. */
export function requireRunning(context: CapsuleContext, id: CapsuleId): RunningCapsule {
  const capsule = context.capsules.get(id);
  if (capsule === undefined) throw new WrennError('not_found', `capsule ${id} is not on this host`);
  if (capsule.kind === 'running') return capsule;
  throw new WrennError('invalid_state', `the virtual machine of capsule ${id} has ended by itself`, {
    remedy: 'destroy the capsule and create a new one',
  });
}
