import { WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import type { Queryable } from '../db/database.ts';

/** Days of UTC as `YYYY-MM-DD`, both included. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

/** What a request says of them. */
export interface AskedDays {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

export const mostDays = 92;
export const usualDays = 30;
const dayMs = 86_400_000;

/** As the database has it, so that all replicas agree. */
export async function today(database: Queryable): Promise<string> {
  const { rows } = await sql<{ date: string }>`select (now() at time zone 'UTC')::date::text as date`.execute(
    database,
  );
  const [row] = rows;
  if (row === undefined) throw new WrennError('internal_error', 'the database did not say what day it is');
  return row.date;
}

/** The days that are meant: the last 30 up to `to`, or `to` today, where nothing else is said. */
export function daysOf({ from, to }: AskedDays, now: string): Days {
  const last = to ?? now;
  const first = from ?? before(last, usualDays - 1);
  const count = (millis(last) - millis(first)) / dayMs + 1;
  if (count < 1) {
    throw new WrennError('invalid_request', `from: ${first} is after ${last}, the last day`, {
      field: 'from',
    });
  }
  if (count > mostDays) {
    throw new WrennError('invalid_request', `from: ${first} to ${last} is ${count} days`, {
      field: 'from',
      remedy: `ask for ${mostDays} days at the most`,
    });
  }
  return { from: first, to: last };
}

function before(day: string, count: number): string {
  return new Date(millis(day) - count * dayMs).toISOString().slice(0, 10);
}

function millis(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}
