import { WrennError } from '@wrenn/core';
import { isTracing } from '@wrenn/service';
import { Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely';
import { Pool } from 'pg';
import { databaseGauges } from '../metrics/metrics.ts';
import { StatementNames, withPreparedStatements } from './prepared.ts';
import type { Schema } from './schema.ts';
import { traceQuery } from './trace-query.ts';

export type Database = Kysely<Schema>;
/** What a query needs: the pool, or the transaction that it belongs to. */
export type Queryable = Database | Transaction<Schema>;

/** Connections of one process; the embedded server allows 100 in all. */
const poolSize = 20;
const connectMs = 5_000;
/** No query of the control plane should come near it. */
const statementMs = 15_000;

/** Opens no connection before the first query. `report` hears of idle connections that broke. */
export function openDatabase(url: string, report: (fault: Error) => void): Database {
  const pool = new Pool({
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: connectMs,
    statement_timeout: statementMs,
    idle_in_transaction_session_timeout: statementMs,
    application_name: 'wrenn-control-plane',
  });
  pool.on('error', report);
  const look = databaseGauges.set.whenAsked([databaseGauges.connections, databaseGauges.waiting], () => {
    const { totalCount, idleCount, waitingCount } = pool;
    databaseGauges.connections.set({ state: 'used' }, totalCount - idleCount);
    databaseGauges.connections.set({ state: 'idle' }, idleCount);
    databaseGauges.waiting.set(waitingCount);
  });
  const names = new StatementNames();
  const dialectPool: PostgresPool = {
    connect: async () => {
      try {
        return withPreparedStatements(await pool.connect(), names);
      } catch (cause) {
        throw new WrennError('database_unavailable', 'the database does not answer', {
          cause,
          remedy: 'check that the server that DATABASE_URL names runs; then try again',
        });
      }
    },
    end: () => {
      look[Symbol.dispose]();
      return pool.end();
    },
    options: { Client: pool.options.Client },
  };
  const dialect = new PostgresDialect({ pool: dialectPool });
  return new Kysely<Schema>(isTracing() ? { dialect, log: traceQuery } : { dialect });
}
