import type { CapsuleId } from '@wrenn/core';
import type { CapsuleContext } from './capsules.ts';
import { requireServing } from './require-serving.ts';

/** Counts as a use of a running capsule: it stays for another timeout. */
export function pingCapsule(context: CapsuleContext, id: CapsuleId): void {
  requireServing(context, id).activity.touch();
}
