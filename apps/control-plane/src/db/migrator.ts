import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WrennError } from '@wrenn/core';
import { sql } from 'kysely';
import { type Migration, Migrator, NO_MIGRATIONS } from 'kysely/migration';
import { migrateQueues, queueSchema } from '../queues/queues.ts';
import { type Database, openDatabase } from './database.ts';

const folder = join(import.meta.dirname, 'migrations');

/** Brings the schema up to date, under an advisory lock, so that replicas can start together; the queues' too. */
export async function migrate(database: Database, url: string): Promise<string[]> {
  const applied = finish(await migrator(database).migrateToLatest());
  await migrateQueues(url);
  return applied;
}

/** The same, by URL; keeps no connection. */
export async function migrateUrl(url: string): Promise<void> {
  const database = openDatabase(url, () => undefined);
  try {
    await migrate(database, url);
  } finally {
    await database.destroy();
  }
}

/** Takes every migration back: the database is then as it was before the first. */
export async function migrateDown(database: Database): Promise<string[]> {
  await sql`drop schema if exists ${sql.id(queueSchema)} cascade`.execute(database);
  return finish(await migrator(database).migrateTo(NO_MIGRATIONS));
}

/** Names of the migrations that this program has and the database has not. */
export async function missingMigrations(database: Database): Promise<string[]> {
  const all = await migrator(database).getMigrations();
  return all.filter((migration) => migration.executedAt === undefined).map((migration) => migration.name);
}

function migrator(db: Database): Migrator {
  return new Migrator({
    db,
    provider: { getMigrations },
    migrationTableName: 'schema_migrations',
    migrationLockTableName: 'schema_migrations_lock',
  });
}

function finish({ error, results }: Awaited<ReturnType<Migrator['migrateToLatest']>>): string[] {
  if (error === undefined) return (results ?? []).map((result) => result.migrationName);
  if (error instanceof WrennError) throw error;
  const failed = results?.find((result) => result.status === 'Error')?.migrationName;
  throw new WrennError(
    'internal_error',
    `migrating the database${failed === undefined ? '' : ` (${failed})`} failed`,
    {
      cause: error,
    },
  );
}

/** `NNNN_name.up.sql` and `NNNN_name.down.sql`, each run as one script. */
async function getMigrations(): Promise<Record<string, Migration>> {
  const names = (await readdir(folder))
    .filter((file) => file.endsWith('.up.sql'))
    .map((file) => file.slice(0, -7));
  const script = async (file: string) => sql.raw(await readFile(join(folder, file), 'utf8'));
  return Object.fromEntries(
    names.sort().map((name) => [
      name,
      {
        up: async (db) => void (await (await script(`${name}.up.sql`)).execute(db)),
        down: async (db) => void (await (await script(`${name}.down.sql`)).execute(db)),
      } satisfies Migration,
    ]),
  );
}
