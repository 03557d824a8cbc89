import { type CapsuleId, uuidFromId, WrennError } from '@wrenn/core';
import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';

export const capsuleSorts = ['created', 'started', 'last_active', 'status', 'template'] as const;
export type CapsuleSort = (typeof capsuleSorts)[number];
export const sortOrders = ['desc', 'asc'] as const;

/** Capsules with the same are in the order of their IDs. */
export interface ListOrder {
  readonly sort: CapsuleSort;
  readonly order: (typeof sortOrders)[number];
}

interface Key {
  /** What the rows are sorted by; never null. */
  readonly of: RawBuilder<unknown>;
  /** The same as text, to the last digit. */
  readonly written: RawBuilder<string>;
  /** Which text can be `written`. */
  readonly form: RegExp;
  readonly read: (written: string) => RawBuilder<unknown>;
}

const never = sql`timestamptz 'epoch'`;

function time(of: RawBuilder<unknown>): Key {
  return {
    of,
    written: sql`(extract(epoch from ${of}) * 1000000)::bigint::text`,
    form: /^\d{1,16}$/,
    read: (written) => sql`(${never} + ${written}::bigint * interval '1 microsecond')`,
  };
}

const keys: Readonly<Record<CapsuleSort, Key>> = {
  // As the index has it.
  created: time(sql`created_at`),
  started: time(sql`coalesce(started_at, ${never})`),
  last_active: time(sql`coalesce(last_active_at, ${never})`),
  status: {
    of: sql`status`,
    written: sql`status::text`,
    form: /^[a-z]+$/,
    // By its place, so that text that is no state is no fault of the database.
    read: (written) =>
      sql`(select state from unnest(enum_range(null::capsule_status)) as state where state::text = ${written})`,
  },
  template: {
    of: sql`template`,
    written: sql`template`,
    form: /^[^\0]*$/,
    read: (written) => sql`${written}::text`,
  },
};

export function keyOfSort({ sort }: ListOrder): Key {
  return keys[sort];
}

/** What comes after a capsule that was listed: by what it was sorted by then, or by what it has now. */
export type Place =
  | { readonly at: 'capsule'; readonly id: CapsuleId }
  | { readonly at: 'key'; readonly written: string; readonly uuid: string };

export function isAfter(wanted: ListOrder, place: Place): RawBuilder<boolean> {
  const key = keyOfSort(wanted);
  const compare = wanted.order === 'asc' ? sql`>` : sql`<`;
  const last =
    place.at === 'key'
      ? sql`(${key.read(place.written)}, ${place.uuid}::uuid)`
      : sql`(select ${key.of}, id from capsules where id = ${uuidFromId(place.id)})`;
  return sql<boolean>`(${key.of}, id) ${compare} ${last}`;
}

const cursorText = z.tuple([z.enum(capsuleSorts), z.enum(sortOrders), z.string(), z.guid()]);

export function cursorOf({ sort, order }: ListOrder, written: string, uuid: string): string {
  return Buffer.from(JSON.stringify([sort, order, written, uuid])).toString('base64url');
}

/** Throws `invalid_request` for what is none, or is one of a list in another order. */
export function placeFrom(cursor: string, wanted: ListOrder): Place {
  const parsed = cursorText.safeParse(jsonOf(Buffer.from(cursor, 'base64url').toString()));
  if (parsed.success) {
    const [sort, order, written, uuid] = parsed.data;
    if (sort === wanted.sort && order === wanted.order && keyOfSort(wanted).form.test(written))
      return { at: 'key', written, uuid };
  }
  throw new WrennError('invalid_request', 'cursor is not one of a list in this order', {
    field: 'cursor',
    remedy: 'send the header x-next-cursor of the page before, with the same sort and order',
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
