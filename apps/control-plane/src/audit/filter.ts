import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely';
import type { AuditScope, AuditStatus, Schema } from '../db/schema.ts';

/** Which entries of a log are wanted. */
export interface AuditFilter {
  readonly scopes: readonly AuditScope[];
  readonly resourceTypes: readonly string[];
  /** Of any of those resources. */
  readonly actions: readonly string[];
  /** Beside those: an action of one resource, so that what is chosen of two does not multiply. */
  readonly pairs: readonly { readonly resource: string; readonly action: string }[];
  readonly statuses: readonly AuditStatus[];
  readonly actorId: string | undefined;
  readonly resourceId: string | undefined;
  readonly since: Date | undefined;
  readonly until: Date | undefined;
}

type Builder = ExpressionBuilder<Schema, 'audit_entries'>;

export function matching(filter: AuditFilter) {
  return (where: Builder): ExpressionWrapper<Schema, 'audit_entries', SqlBool> =>
    where.and([
      where('scope', 'in', filter.scopes),
      ...(filter.statuses.length === 0 ? [] : [where('status', 'in', filter.statuses)]),
      ...(filter.actorId === undefined ? [] : [where('actor_id', '=', filter.actorId)]),
      ...(filter.resourceId === undefined ? [] : [where('resource_id', '=', filter.resourceId)]),
      ...(filter.since === undefined ? [] : [where('created_at', '>=', filter.since)]),
      ...(filter.until === undefined ? [] : [where('created_at', '<', filter.until)]),
      matchingActions(where, filter),
    ]);
}

function matchingActions(where: Builder, { resourceTypes, actions, pairs }: AuditFilter) {
  const isCrossed = resourceTypes.length + actions.length > 0;
  const crossed = where.and([
    ...(resourceTypes.length === 0 ? [] : [where('resource_type', 'in', resourceTypes)]),
    ...(actions.length === 0 ? [] : [where('action', 'in', actions)]),
  ]);
  if (pairs.length === 0) return crossed;
  const paired = sql<SqlBool>`(resource_type, action) in (select * from unnest(
    ${pairs.map(({ resource }) => resource)}::text[], ${pairs.map(({ action }) => action)}::text[]))`;
  return isCrossed ? where.or([crossed, paired]) : paired;
}
