import type { AuditActionName } from '../audit/actions.ts';
import { failureOf } from '../audit/failure.ts';
import type { Happening } from '../audit/happening.ts';
import type { Ending, RunningJob } from './store.ts';

/** Kinds whose success is written with the change of the row. Of the others, all is written by what they do. */
const actions: ReadonlyMap<string, AuditActionName> = new Map([
  ['pause', 'capsule.pause'],
  ['resume', 'capsule.resume'],
  ['snapshot', 'snapshot.create'],
  ['checkpoint', 'snapshot.create'],
]);

/** What the audit log says of the end of a job: only of one that went wrong. */
export function happeningOf(
  { id, kind, teamId, actor, capsuleId }: RunningJob,
  { error, status }: Ending,
): Happening | undefined {
  const what = actions.get(kind);
  if (what === undefined || error === undefined) return undefined;
  const metadata = { job: id, ...(status === 'unknown' ? { outcome: status } : {}) };
  // A snapshot that was not made has no ID.
  const where =
    what === 'snapshot.create'
      ? { metadata: { ...metadata, capsule: capsuleId } }
      : { metadata, resourceId: capsuleId };
  return failureOf({ teamId, actor, what, ...where }, error);
}
