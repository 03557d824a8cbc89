import { type CapsuleId, newId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { Activity } from '../activity.ts';
import { Admission } from '../admission.ts';
import type { Capsule, RunningCapsule } from '../capsule.ts';
import type { CapsuleRecord } from '../capsule-record.ts';
import type { CapsuleContext } from '../capsules.ts';

/** Running capsules without machines: a record and their activity, which is all that is looked at here. */
export class StandInCapsules {
  readonly capsules = new Map<CapsuleId, Capsule>();
  readonly admission = new Admission();
  readonly log = createLogger('test', 'silent');

  add(
    facts: Partial<Pick<CapsuleRecord, 'timeoutSec' | 'memoryMiB' | 'phase' | 'snapshot'>>,
  ): RunningCapsule {
    const id = newId('capsule');
    const record = { capsuleId: id, timeoutSec: 0, memoryMiB: 512, phase: 'running', ...facts };
    const capsule = { kind: 'running', id, record, activity: new Activity() } as unknown as RunningCapsule;
    this.capsules.set(id, capsule);
    return capsule;
  }

  /** What becomes of one when it is paused. */
  settlePaused(id: CapsuleId): void {
    this.capsules.set(id, { kind: 'paused', id } as unknown as Capsule);
  }

  /** For operations that look only at what this has. */
  get context(): CapsuleContext {
    return this as unknown as CapsuleContext;
  }
}
