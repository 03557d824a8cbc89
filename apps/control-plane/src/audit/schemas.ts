import { parseId, WrennError } from '@wrenn/core';
import { z } from 'zod';
import { type AuditScope, actorTypes, auditScopes, auditStatuses } from '../db/schema.ts';
import { text } from '../http/schemas.ts';
import type { AuditEntry, Before } from './entry.ts';
import type { AuditFilter } from './filter.ts';

const mostValues = 50;
const word = z.string().regex(/^[a-z_]{1,40}$/, 'must be words between commas');
const actionWord = z
  .string()
  .regex(/^([a-z_]{1,40}\.)?[a-z_]{1,40}$/, 'must be actions, or resource.action, between commas');

/** A parameter that may be there several times, and may have several values between commas. */
function list<T extends z.ZodType<unknown, string>>(each: T) {
  return z
    .union([z.string(), z.array(z.string())])
    .default([])
    .transform((given) =>
      [given]
        .flat()
        .flatMap((part) => part.split(','))
        .filter((part) => part !== ''),
    )
    .pipe(z.array(each).max(mostValues));
}

const time = z.iso.datetime({ offset: true }).transform((value) => new Date(value));

export const filterQuery = z.object({
  resource_type: list(word).describe('As often as wanted, or with commas between.'),
  action: list(actionWord).describe(
    'Of those resources. `api_key.create` stands for an action of one resource, and is wanted beside what the others choose.',
  ),
  status: list(z.enum(auditStatuses)),
  actor_id: text(64).optional(),
  resource_id: text(64).optional(),
  since: time.optional().describe('From this time on.'),
  until: time.optional().describe('Before this time.'),
});

export const pageQuery = filterQuery.extend({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  before: time.optional().describe('`next_before` of the page before.'),
  before_id: z
    .string()
    .transform((value, context) => {
      try {
        return parseId('auditEntry', value, 'before_id');
      } catch (thrown) {
        if (!(thrown instanceof WrennError)) throw thrown;
        context.addIssue({ code: 'custom', message: thrown.remedy ?? thrown.message });
        return z.NEVER;
      }
    })
    .optional()
    .describe('`next_before_id` of the page before. Where it is given, it alone decides.'),
});

export const entryBody = z
  .object({
    id: z.string(),
    number: z.int().describe('In the log of the team: without gaps, in the order in which it was written.'),
    actor_type: z.enum(actorTypes),
    actor_id: z.string().optional(),
    actor_name: z.string(),
    resource_type: z.string(),
    resource_id: z.string().optional(),
    action: z.string(),
    scope: z.enum(auditScopes),
    status: z.enum(auditStatuses),
    metadata: z.record(z.string(), z.unknown()),
    personal: z
      .record(z.string(), z.string())
      .describe('Names and addresses of people; empty once forgotten.'),
    created_at: z.string().meta({ format: 'date-time' }),
  })
  .meta({ id: 'AuditEntry' });

export const pageBody = z
  .object({
    items: z.array(entryBody),
    next_before: z.string().nullable().describe('Null on the last page, as `next_before_id` is.'),
    next_before_id: z.string().nullable(),
  })
  .meta({ id: 'AuditEntries' });

export function filterFrom(query: z.output<typeof filterQuery>, scopes: readonly AuditScope[]): AuditFilter {
  const isPair = (action: string) => action.includes('.');
  return {
    scopes,
    resourceTypes: query.resource_type,
    actions: query.action.filter((action) => !isPair(action)),
    pairs: query.action.filter(isPair).map((pair) => {
      const [resource = '', action = ''] = pair.split('.');
      return { resource, action };
    }),
    statuses: query.status,
    actorId: query.actor_id,
    resourceId: query.resource_id,
    since: query.since,
    until: query.until,
  };
}

export function beforeFrom({ before, before_id: id }: z.output<typeof pageQuery>): Before {
  if (id !== undefined) return { id };
  return before === undefined ? undefined : { time: before };
}

export function presentEntry({ createdAt, ...entry }: AuditEntry): z.output<typeof entryBody> {
  const { actor_id: actorId, resource_id: resourceId, ...rest } = entry;
  return {
    ...rest,
    ...(actorId === null ? {} : { actor_id: actorId }),
    ...(resourceId === null ? {} : { resource_id: resourceId }),
    created_at: createdAt.toISOString(),
  };
}

/** One entry more than the page has shows that another page follows. */
export function presentPage(entries: readonly AuditEntry[], limit: number): z.output<typeof pageBody> {
  const items = entries.slice(0, limit).map(presentEntry);
  const last = entries.length > limit ? items.at(-1) : undefined;
  return { items, next_before: last?.created_at ?? null, next_before_id: last?.id ?? null };
}
