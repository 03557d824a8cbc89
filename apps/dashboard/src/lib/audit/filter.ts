import { auditResources } from './vocabulary.ts';

/** What is chosen of the log. The address of the page has all of it. */
export interface AuditFilter {
  /** `sandbox` is all of capsules, `api_key.create` one action of keys: what is chosen of two does not multiply. */
  readonly what: readonly string[];
  readonly statuses: readonly AuditStatus[];
  readonly range: AuditRange;
  readonly actorId: string | undefined;
  readonly resourceId: string | undefined;
}

export const auditStatuses = ['success', 'info', 'warning', 'error'] as const;
export type AuditStatus = (typeof auditStatuses)[number];

/** `since` and `until` are times of the API. */
export type AuditRange =
  | { readonly kind: 'all' }
  | { readonly kind: 'last'; readonly last: LastRange }
  | { readonly kind: 'between'; readonly since: string | undefined; readonly until: string | undefined };

const hourMs = 3_600_000;
const lengths = { '24h': 24 * hourMs, '7d': 168 * hourMs, '30d': 720 * hourMs } as const;
export type LastRange = keyof typeof lengths;

const word = /^[a-z_]{1,40}(\.[a-z_]{1,40})?$/;

export function filterOf(query: Pick<URLSearchParams, 'get'>): AuditFilter {
  const list = (name: string) => (query.get(name) ?? '').split(',').filter((part) => part !== '');
  return {
    what: whole(list('what').filter((part) => word.test(part))),
    statuses: auditStatuses.filter((status) => list('status').includes(status)),
    range: rangeOf(query),
    actorId: query.get('actor') ?? undefined,
    resourceId: query.get('resource') ?? undefined,
  };
}

function rangeOf(query: Pick<URLSearchParams, 'get'>): AuditRange {
  const last = query.get('range');
  if (last !== null && last in lengths) return { kind: 'last', last: last as LastRange };
  const time = (name: string) => {
    const date = new Date(query.get(name) ?? '');
    return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
  };
  const [since, until] = [time('since'), time('until')];
  return last === 'between' || since !== undefined || until !== undefined
    ? { kind: 'between', since, until }
    : { kind: 'all' };
}

/** The address's part after `?`; empty where nothing is chosen. */
export function searchOf({ what, statuses, range, actorId, resourceId }: AuditFilter): string {
  const query = new URLSearchParams();
  if (what.length > 0) query.set('what', what.join(','));
  if (statuses.length > 0) query.set('status', statuses.join(','));
  if (range.kind === 'last') query.set('range', range.last);
  if (range.kind === 'between') {
    query.set('range', 'between');
    if (range.since !== undefined) query.set('since', range.since);
    if (range.until !== undefined) query.set('until', range.until);
  }
  if (actorId !== undefined) query.set('actor', actorId);
  if (resourceId !== undefined) query.set('resource', resourceId);
  return query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':');
}

/** What the API is asked with. */
export interface AuditQuery {
  readonly resource_type?: string[];
  readonly action?: string[];
  readonly status?: string[];
  readonly actor_id?: string;
  readonly resource_id?: string;
  readonly since?: string;
  readonly until?: string;
}

export function queryOf({ what, statuses, range, actorId, resourceId }: AuditFilter, now: Date): AuditQuery {
  const resources = what.filter((part) => !part.includes('.'));
  const pairs = what.filter((part) => part.includes('.'));
  const since =
    range.kind === 'last'
      ? new Date(now.getTime() - lengths[range.last]).toISOString()
      : range.kind === 'between' && range.since;
  const until = range.kind === 'between' && range.until;
  return {
    ...(resources.length > 0 && { resource_type: resources }),
    ...(pairs.length > 0 && { action: pairs }),
    ...(statuses.length > 0 && { status: [...statuses] }),
    ...(actorId !== undefined && { actor_id: actorId }),
    ...(resourceId !== undefined && { resource_id: resourceId }),
    ...(since && { since }),
    ...(until && { until }),
  };
}

/** Turns one choice on or off. */
export function toggled(what: readonly string[], part: string): readonly string[] {
  const [resource = '', action] = part.split('.');
  const isResource = action === undefined;
  if (what.includes(part)) return what.filter((other) => other !== part);
  if (isResource) return [...what.filter((other) => !other.startsWith(`${resource}.`)), resource];
  // Of a resource of which all is chosen, one action less leaves the others.
  if (what.includes(resource)) {
    const others = pairsOf(resource).filter((pair) => pair !== part);
    return [...what.filter((other) => other !== resource), ...others];
  }
  return whole([...what, part]);
}

/** All actions of a resource are the resource. */
function whole(what: readonly string[]): readonly string[] {
  const given = [...new Set(what)];
  const full = auditResources
    .map(({ resource }) => resource)
    .filter((resource) => pairsOf(resource).every((pair) => given.includes(pair)));
  const resources = [...new Set([...given.filter((part) => !part.includes('.')), ...full])];
  return [
    ...resources,
    ...given.filter((part) => part.includes('.') && !resources.includes(part.split('.')[0] ?? '')),
  ];
}

function pairsOf(resource: string): readonly string[] {
  const found = auditResources.find((other) => other.resource === resource);
  return (found?.actions ?? []).map(({ action }) => `${resource}.${action}`);
}
