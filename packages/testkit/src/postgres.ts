import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '@wrenn/core';
import { startEmbeddedPostgres } from '@wrenn/postgres';
import { Client } from 'pg';

/** The oldest PostgreSQL that is supported, as Debian 12 installs it, and the one that is embedded. */
export const postgresVersions = ['18', '15'] as const;
export type PostgresVersion = (typeof postgresVersions)[number];

const installed = '/usr/lib/postgresql/15/bin';

/** Why tests on this version cannot run here, or undefined. */
export function postgresMissing(version: PostgresVersion): string | undefined {
  if (version === '18' || existsSync(join(installed, 'initdb'))) return undefined;
  return `PostgreSQL 15 is not installed in ${installed}`;
}

export interface TestDatabases extends AsyncDisposable {
  /** A database of its own that has been migrated, for one test or one file. */
  fresh(): Promise<string>;
  /** A database with nothing in it. */
  empty(): Promise<string>;
}

/**
 * A server for tests, without fsync. `migrate` runs once, on the database that `fresh` copies, and must leave no
 * connection open. The caller disposes of the server, after its own connections.
 */
export async function testDatabases(
  version: PostgresVersion,
  migrate: (url: string) => Promise<void>,
): Promise<TestDatabases> {
  const cleanup = new Cleanup();
  try {
    return await start(version, migrate, cleanup);
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

async function start(
  version: PostgresVersion,
  migrate: (url: string) => Promise<void>,
  cleanup: Cleanup,
): Promise<TestDatabases> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-db-'));
  await cleanup.add('the directory', () => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o711);
  const server = await startEmbeddedPostgres({
    directory: join(directory, 'pg'),
    signal: AbortSignal.timeout(90_000),
    fsync: 'off',
    ...(version === '15' ? { programs: installed } : {}),
  });
  await cleanup.add('the server', () => server.stop());
  await migrate(server.url);
  const admin = new Client({ connectionString: server.url.replace('/wrenn?', '/postgres?') });
  await admin.connect();
  await cleanup.add('the connection', () => admin.end());

  // `create database` refuses while another copy of the same template is being made: one at a time.
  let last: Promise<unknown> = Promise.resolve();
  const create = async (template: string) => {
    const name = `test_${randomBytes(6).toString('hex')}`;
    const made = last.then(() => admin.query(`create database ${name} template ${template}`));
    last = made.catch(() => undefined);
    await made;
    return server.url.replace('/wrenn?', `/${name}?`);
  };
  return {
    fresh: () => create('wrenn'),
    empty: () => create('template0'),
    [Symbol.asyncDispose]: () => cleanup.release(),
  };
}
