import { type IdKind, uuidsBeginning } from '@wrenn/core';
import { type Expression, type SqlBool, sql } from 'kysely';

/** Fewer characters than this begin too many IDs, where they are not marked as an ID. */
const leastOfId = 4;

/** The pattern of LIKE for what has `text` in it, whatever characters that is of. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}

/** Whether an ID of `kind`, whose UUID is in `column`, begins with `text`: with its prefix, or with four characters without. */
export function idBegins(kind: IdKind, column: Expression<string>, text: string): Expression<SqlBool> {
  const lower = text.toLowerCase();
  const range = lower.length < leastOfId && !lower.includes('-') ? undefined : uuidsBeginning(kind, lower);
  return range === undefined
    ? sql<SqlBool>`false`
    : sql<SqlBool>`${column} between ${range.first} and ${range.last}`;
}
