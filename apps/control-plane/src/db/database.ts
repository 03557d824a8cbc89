import { WrennError } from '@wrenn/core';
import { Kysely, PostgresDialect, type PostgresPool, type Transaction } from 'kysely';
import { Pool } from 'pg';
import { StatementNames, withPreparedStatements } from './prepared.ts';
import type { Schema } from './schema.ts';

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
    end: () => pool.end(),
    options: { Client: pool.options.Client },
  };
  return new Kysely<Schema>({ dialect: new PostgresDialect({ pool: dialectPool }) });
}
