import { parseId } from '@wrenn/core';
import type { Caller } from '../access/principal.ts';
import type { ServerContext } from '../server-context.ts';
import type { AuditActionName } from './actions.ts';

/** Writes down that somebody looks into a capsule, before they do, if their team wants it. */
export async function auditAccess(
  { database, recorder }: Pick<ServerContext, 'database' | 'recorder'>,
  { teamId, actor, auditsAccess }: Caller,
  what: AuditActionName,
  capsule: string,
): Promise<void> {
  if (!auditsAccess) return;
  const resourceId = parseId('capsule', capsule);
  await database
    .transaction()
    .execute((transaction) =>
      recorder.record(transaction, { teamId, actor, what, resourceId, status: 'info' }),
    );
}
