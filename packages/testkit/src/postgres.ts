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
 * A migrated server that files of tests share, told to them by the environment, or one for this file alone where there
 * is none. `migrate` runs once, on the database that `fresh` copies, and must leave no connection open. The caller
 * disposes of what it got, after its own connections.
 */
export async function testDatabases(version: PostgresVersion, migrate: Migrate): Promise<TestDatabases> {
  const shared = process.env[sharedServerVariable(version)];
  const cleanup = new Cleanup();
  try {
    const url = shared ?? (await startServer(version, migrate, cleanup));
    return await openDatabases(url, cleanup);
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

type Migrate = (url: string) => Promise<void>;

const sharedServerVariable = (version: PostgresVersion) => `WRENN_TEST_POSTGRES_${version}`;

/** Starts a server of each version that is installed, for all files of tests whose processes are started from now on. */
export async function sharePostgres(migrate: Migrate): Promise<AsyncDisposable> {
  const cleanup = new Cleanup();
  try {
    for (const version of postgresVersions) {
      if (postgresMissing(version) !== undefined) continue;
      process.env[sharedServerVariable(version)] = await startServer(version, migrate, cleanup);
    }
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
  return { [Symbol.asyncDispose]: () => cleanup.release() };
}

/** Without fsync, and with room for two files of tests that each run several control planes. */
async function startServer(version: PostgresVersion, migrate: Migrate, cleanup: Cleanup): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-db-'));
  await cleanup.add('the directory', () => rm(directory, { recursive: true, force: true }));
  await chmod(directory, 0o711);
  const { url, stop } = await startEmbeddedPostgres({
    directory: join(directory, 'pg'),
    signal: AbortSignal.timeout(90_000),
    fsync: 'off',
    maxConnections: 300,
    ...(version === '15' ? { programs: installed } : {}),
  });
  await cleanup.add('the server', stop);
  await migrate(url);
  return url;
}

async function openDatabases(url: string, cleanup: Cleanup): Promise<TestDatabases> {
  const at = (name: string) => url.replace('/wrenn?', `/${name}?`);
  const admin = new Client({ connectionString: at('postgres') });
  await admin.connect();
  await cleanup.add('the connection', () => admin.end());

  // `create database` refuses while another copy of the same template is being made, by whatever file: one at a time.
  let last: Promise<unknown> = Promise.resolve();
  const create = async (template: string) => {
    const name = `test_${randomBytes(6).toString('hex')}`;
    const make = async () => {
      await admin.query('select pg_advisory_lock(1)');
      try {
        await admin.query(`create database ${name} template ${template}`);
      } finally {
        await admin.query('select pg_advisory_unlock(1)');
      }
      await cleanup.add(name, async () => {
        await admin.query(`drop database ${name} with (force)`);
      });
    };
    const made = last.then(make);
    last = made.catch(() => undefined);
    await made;
    return at(name);
  };
  return {
    fresh: () => create('wrenn'),
    empty: () => create('template0'),
    [Symbol.asyncDispose]: () => cleanup.release(),
  };
}
