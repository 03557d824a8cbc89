import { capsuleStates } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { type Database, openDatabase } from './database.ts';
import { migrate, migrateDown, missingMigrations } from './migrator.ts';
import {
  actorTypes,
  auditScopes,
  auditStatuses,
  channelProviders,
  deliveryStatuses,
  hostStatuses,
  jobStatuses,
  teamRoles,
  userStatuses,
} from './schema.ts';

const tables = [
  'api_keys',
  'archive_pieces',
  'archives',
  'audit_chains',
  'audit_entries',
  'build_log',
  'builds',
  'capsule_operations',
  'capsules',
  'channels',
  'daily_usage',
  'deliveries',
  'events',
  'hosts',
  'identities',
  'invitations',
  'jobs',
  'memberships',
  'one_time_tokens',
  'rate_limits',
  'reservations',
  'sessions',
  'teams',
  'template_names',
  'template_tags',
  'templates',
  'usage_progress',
  'users',
];

describeOnEachPostgres('the schema', (version) => {
  let databases: TestDatabases;
  beforeAll(async () => {
    databases = await testDatabases(version, async () => {});
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());

  async function inEmpty(work: (database: Database, url: string) => Promise<void>): Promise<void> {
    const url = await databases.empty();
    const database = openDatabase(url, () => undefined);
    try {
      await work(database, url);
    } finally {
      await database.destroy();
    }
  }

  test('goes up, down to nothing, and up again', async () => {
    await inEmpty(async (database, url) => {
      const applied = await migrate(database, url);
      expect(await tablesOf(database)).toEqual(tables);
      expect(await missingMigrations(database)).toEqual([]);
      expect(await migrateDown(database)).toEqual(applied.toReversed());
      expect(await tablesOf(database)).toEqual([]);
      expect(await typesOf(database)).toEqual([]);
      expect(await missingMigrations(database)).toEqual(applied);
      expect(await migrate(database, url)).toEqual(applied);
    });
  });

  test('replicas that start together migrate once', async () => {
    await inEmpty(async (database, url) => {
      const other = openDatabase(url, () => undefined);
      try {
        const applied = await Promise.all([migrate(database, url), migrate(other, url)]);
        expect(applied.flat()).toEqual([...new Set(applied.flat())]);
      } finally {
        await other.destroy();
      }
    });
  });

  test('allows the states that the table of states has, and no others', async () => {
    await inEmpty(async (database, url) => {
      await migrate(database, url);
      expect(await valuesOf(database, 'capsule_status')).toEqual(capsuleStates);
      expect(await valuesOf(database, 'host_status')).toEqual(hostStatuses);
      expect(await valuesOf(database, 'job_status')).toEqual(jobStatuses);
      expect(await valuesOf(database, 'user_status')).toEqual(userStatuses);
      expect(await valuesOf(database, 'team_role')).toEqual(teamRoles);
      expect(await valuesOf(database, 'actor_type')).toEqual(actorTypes);
      expect(await valuesOf(database, 'audit_scope')).toEqual(auditScopes);
      expect(await valuesOf(database, 'audit_status')).toEqual(auditStatuses);
      expect(await valuesOf(database, 'channel_provider')).toEqual(channelProviders);
      expect(await valuesOf(database, 'delivery_status')).toEqual(deliveryStatuses);
    });
  });

  test('begins with the platform team and the minimal template', async () => {
    await inEmpty(async (database, url) => {
      await migrate(database, url);
      const id = '00000000-0000-0000-0000-000000000000';
      expect(await database.selectFrom('teams').select(['id', 'slug']).execute()).toEqual([
        { id, slug: 'platform' },
      ]);
      expect(await database.selectFrom('templates').select(['id', 'name']).execute()).toEqual([
        { id, name: 'minimal' },
      ]);
    });
  });
});

test('a server that is not there is a typed error with a remedy', async () => {
  const database = openDatabase('postgres://nobody:x@127.0.0.1:1/none', () => undefined);
  await expect(migrate(database, 'postgres://nobody:x@127.0.0.1:1/none')).rejects.toMatchObject({
    code: 'database_unavailable',
    remedy: expect.any(String),
  });
  await database.destroy();
});

async function tablesOf(database: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
     where table_schema = 'public' and table_name not like 'schema_migrations%' order by 1`.execute(database);
  return rows.map((row) => row.name);
}

async function typesOf(database: Database): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    select typname as name from pg_type where typtype = 'e' order by 1`.execute(database);
  return rows.map((row) => row.name);
}

async function valuesOf(database: Database, type: string): Promise<string[]> {
  const { rows } = await sql<{ value: string }>`
    select enumlabel as value from pg_enum where enumtypid = ${type}::regtype order by enumsortorder`.execute(
    database,
  );
  return rows.map((row) => row.value);
}
