import { Cleanup } from '@wrenn/core';
import { Client } from 'pg';
import { serverAccount } from './account.ts';
import { addressOf } from './address.ts';
import { ensureCluster, owner } from './cluster.ts';
import { installedDistribution, placeEmbedded } from './distribution.ts';
import { layOut } from './layout.ts';
import { endLeftover } from './leftover.ts';
import { type Postmaster, startPostmaster } from './postmaster.ts';

export interface EmbeddedPostgresOptions {
  /** Everything is kept below it; its path must leave room for a socket name (93 bytes at most). */
  readonly directory: string;
  readonly signal: AbortSignal;
  /** Told what is unusual at a start. */
  readonly log?: (text: string) => void;
  /** `off` loses data when the machine dies: for tests. Default `on`. */
  readonly fsync?: 'on' | 'off';
  /** Default 100. */
  readonly maxConnections?: number;
  /** A folder with `initdb` and `postgres` of an installed PostgreSQL; by default the ones that came from npm. */
  readonly programs?: string;
}

export interface EmbeddedPostgres extends Postmaster {
  /** Of the database `wrenn`; contains the password. */
  readonly url: string;
}

/**
 * A PostgreSQL server of our own below `directory`, reached only through a Unix socket. The first start makes the
 * cluster; each later one finds it, also after a `kill -9` of the server or of whoever started it. The caller
 * sees to it that one process at a time uses a directory.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { directory, signal, log = () => {}, fsync = 'on', maxConnections = 100, programs } = options;
  const account = await serverAccount();
  const layout = await layOut(directory, account);
  const distribution = await (programs === undefined
    ? placeEmbedded(layout.directory)
    : installedDistribution(programs));
  await endLeftover(layout, log, signal);
  const password = await ensureCluster(distribution, layout, account, fsync, signal);

  await using cleanup = new Cleanup();
  const postmaster = await startPostmaster(distribution, layout, account, { fsync, maxConnections }, signal);
  await cleanup.add('PostgreSQL', () => postmaster.stop());
  const url = (database: string) => addressOf(layout, password, database);
  await ensureDatabase(url);
  cleanup.commit();
  return { ...postmaster, url: url(owner) };
}

/** Asked for at each start, since the first one may have ended between making the cluster and the database. */
async function ensureDatabase(url: (database: string) => string): Promise<void> {
  const client = new Client({ connectionString: url('postgres'), connectionTimeoutMillis: 10_000 });
  await client.connect();
  try {
    const found = await client.query('select 1 from pg_database where datname = $1', [owner]);
    if (found.rowCount === 0) await client.query(`create database ${owner}`);
  } finally {
    await client.end();
  }
}
