import { DatabaseError } from 'pg';

/** A row with the same key is there already: PostgreSQL's class 23, `unique_violation`. */
export function isUniqueViolation(thrown: unknown): boolean {
  return thrown instanceof DatabaseError && thrown.code === '23505';
}
