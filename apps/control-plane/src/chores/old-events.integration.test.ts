import { newId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { removeOldEvents } from './old-events.ts';

describeOnEachPostgres('events', (version) => {
  let databases: TestDatabases;
  let database: Database;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    database = openDatabase(await databases.fresh(), () => undefined);
  });
  afterAll(async () => {
    await database?.destroy();
    await databases?.[Symbol.asyncDispose]();
  });

  test('go with their deliveries when they are 30 days old, however many', async () => {
    const team = uuidFromId(await ensureDefaultTeam(database));
    const channel = uuidFromId(newId('channel'));
    await database
      .insertInto('channels')
      .values({ id: channel, team_id: team, name: 'c', provider: 'webhook', config: Buffer.alloc(1) })
      .execute();
    await sql`
        insert into events (id, team_id, type, body, created_at)
        select gen_random_uuid(), ${team}, 'host.up', '{}', now() - make_interval(days => case when n > 2500 then 29 else 31 end)
          from generate_series(1, 2510) n`.execute(database);
    await sql`
        insert into deliveries (id, channel_id, event_id)
        select gen_random_uuid(), ${channel}, id from events`.execute(database);
    await removeOldEvents({ database }, new AbortController().signal);
    for (const table of ['events', 'deliveries'] as const)
      expect(await database.selectFrom(table).select('id').execute()).toHaveLength(10);
  });
});
