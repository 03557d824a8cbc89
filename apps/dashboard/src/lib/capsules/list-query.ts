import { type CapsuleState, capsuleStates } from '@wrenn/core/capsule-state';
import type { Capsule } from './capsule.ts';
import { ownMetadata } from './metadata.ts';

export const capsuleSorts = ['created', 'started', 'last_active', 'status', 'template'] as const;
export type CapsuleSort = (typeof capsuleSorts)[number];

/** What a list of capsules is asked for, as the API names it. */
export interface ListQuery {
  readonly q?: string;
  readonly template?: string;
  /** All but those that are over, where there is none. */
  readonly status?: CapsuleState[];
  readonly sort: CapsuleSort;
  readonly order: 'asc' | 'desc';
}

/** States of capsules that nobody looks for, unless they ask for them. */
const overStates: readonly CapsuleState[] = ['stopped', 'error'];
const longestText = 100;

/** From the address of the page; what it does not know it leaves out. */
export function queryOf(parameters: Pick<URLSearchParams, 'get' | 'getAll'>): ListQuery {
  const q = parameters.get('q')?.trim().slice(0, longestText);
  const template = parameters.get('template');
  const status = capsuleStates.filter((state) => parameters.getAll('status').includes(state));
  return {
    ...(q ? { q } : {}),
    ...(template ? { template } : {}),
    ...(status.length === 0 ? {} : { status }),
    sort: capsuleSorts.find((sort) => sort === parameters.get('sort')) ?? 'created',
    order: parameters.get('order') === 'asc' ? 'asc' : 'desc',
  };
}

/** Whether the server would list the capsule: of one that has just changed. */
export function fits(capsule: Capsule, query: ListQuery): boolean {
  const { id, status, template } = capsule;
  if (query.status === undefined ? overStates.includes(status) : !query.status.includes(status)) return false;
  if (query.template !== undefined && query.template !== template) return false;
  const text = query.q?.toLowerCase();
  if (text === undefined) return true;
  const isId = id.startsWith(text) || (text.length >= 4 && id.startsWith(`cl-${text}`));
  return (
    isId ||
    [template, ...ownMetadata(capsule).map(([, value]) => value)].some((value) =>
      value.toLowerCase().includes(text),
    )
  );
}

/** Before which of those that are listed it belongs; none of them where it comes after all. */
export function placeOf(capsule: Capsule, items: readonly Capsule[], { sort, order }: ListQuery): number {
  const sign = order === 'asc' ? 1 : -1;
  const index = items.findIndex((other) => sign * compared(rank(other, sort), rank(capsule, sort)) > 0);
  return index === -1 ? items.length : index;
}

function rank(capsule: Capsule, sort: CapsuleSort): string {
  const { created_at, started_at = '', last_active_at = '', status, template } = capsule;
  return {
    created: created_at,
    started: started_at,
    last_active: last_active_at,
    status: String(capsuleStates.indexOf(status)),
    template,
  }[sort];
}

function compared(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
