import { sql } from 'kysely';
import type { Queryable } from './database.ts';

/** Numbers of PostgreSQL's advisory locks. They are shared by all replicas, so none may ever change its meaning. */
const locks = {
  /** Held while a capsule is given a host: without it two creates could both take the last place. */
  placement: 0x7772_0001,
  /** Held by the replica that compares hosts with the database. */
  hostMonitor: 0x7772_0002,
} as const;
export type Lock = keyof typeof locks;

/** Waits for the lock; the transaction's end releases it. */
export async function lockInTransaction(transaction: Queryable, lock: Lock): Promise<void> {
  await sql`select pg_advisory_xact_lock(${sql.lit(locks[lock])})`.execute(transaction);
}

/** Takes the lock for the session if it is free. `connection` must be one connection, not the pool. */
export async function tryLock(connection: Queryable, lock: Lock): Promise<boolean> {
  const { rows } = await sql<{
    taken: boolean;
  }>`select pg_try_advisory_lock(${sql.lit(locks[lock])}) as taken`.execute(connection);
  return rows[0]?.taken === true;
}

export async function unlock(connection: Queryable, lock: Lock): Promise<void> {
  await sql`select pg_advisory_unlock(${sql.lit(locks[lock])})`.execute(connection);
}
