import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleState, capsuleStates, newId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { type RawBuilder, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { platformUuid } from '../admin/platform.ts';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureHost } from '../hosts/store.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';

const half = [0, 256, false];
const reserved: Readonly<Record<CapsuleState, unknown>> = {
  pending: [2, 511, false],
  starting: [2, 511, false],
  running: [2, 511, true],
  paused: half,
  stopped: undefined,
  missing: undefined,
  error: undefined,
};

describeOnEachPostgres('the ledger', (version) => {
  let databases: TestDatabases;
  let database: Database;
  const host = newId('host');

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
  });
  beforeEach(async () => {
    database = openDatabase(await databases.fresh(), () => undefined);
    await ensureHost(database, host, '127.0.0.1:1');
    return () => database.destroy();
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());

  async function capsule(status: CapsuleState): Promise<string> {
    const id = uuidFromId(newId('capsule'));
    await database
      .insertInto('capsules')
      .values({
        id,
        team_id: platformUuid,
        host_id: uuidFromId(host),
        template_id: platformUuid,
        template: 'minimal',
        status,
        vcpus: 2,
        memory_mb: 511,
        disk_size_mb: 1,
        timeout_sec: 0,
      })
      .execute();
    return id;
  }

  /** What is held now of each capsule; the same may not be there twice. */
  async function held(): Promise<unknown> {
    const rows = await database
      .selectFrom('reservations')
      .select(['capsule_id', 'vcpus', 'memory_mb', 'is_running'])
      .where('until', 'is', null)
      .execute();
    return Object.fromEntries(
      rows.map((row) => [row.capsule_id, [row.vcpus, row.memory_mb, row.is_running]]),
    );
  }
  const run = async (statement: RawBuilder<unknown>) => void (await statement.execute(database));
  const count = async () => (await database.selectFrom('reservations').select('id').execute()).length;

  test('has what each state reserves, from whatever state a capsule came', async () => {
    const id = await capsule('pending');
    for (const from of capsuleStates) {
      for (const to of capsuleStates) {
        for (const status of [from, to])
          await run(sql`update capsules set status = ${status}::capsule_status where id = ${id}`);
        expect(await held(), `${from} to ${to}`).toEqual(
          reserved[to] === undefined ? {} : { [id]: reserved[to] },
        );
      }
    }
  });

  test('has a row more only where what is held is another', async () => {
    const id = await capsule('pending');
    await run(sql`update capsules set status = 'starting', last_updated = now()`);
    await run(sql`update capsules set metadata = '{"a":"b"}'`);
    expect(await count()).toBe(1);
    await run(sql`update capsules set status = 'running', memory_mb = 1024`);
    expect(await count()).toBe(2);
    expect(await held()).toEqual({ [id]: [2, 1024, true] });
    await run(sql`delete from capsules`);
    expect(await held()).toEqual({});
    expect(await count()).toBe(2);
  });

  test('has nothing of what was rolled back', async () => {
    await capsule('running');
    await database
      .transaction()
      .execute(async (transaction) => {
        await sql`update capsules set status = 'stopped'`.execute(transaction);
        throw new Error('undone');
      })
      .catch(() => undefined);
    expect(Object.keys((await held()) as object)).toHaveLength(1);
  });

  test('goes down and up again alone, and begins with what is there', async () => {
    const ids = new Map<CapsuleState, string>();
    for (const status of capsuleStates) ids.set(status, await capsule(status));
    const rows = async () => await database.selectFrom('capsules').selectAll().orderBy('id').execute();
    const before = await rows();
    for (const direction of ['down', 'up', 'down', 'up']) {
      const file = join(import.meta.dirname, `../db/migrations/0009_usage.${direction}.sql`);
      const script = await readFile(file, 'utf8');
      await database.transaction().execute(async (transaction) => {
        await sql.raw(script).execute(transaction);
      });
    }
    expect(await rows()).toEqual(before);
    const expected = capsuleStates.flatMap((status) =>
      reserved[status] === undefined ? [] : [[ids.get(status), reserved[status]]],
    );
    expect(await held()).toEqual(Object.fromEntries(expected));
    await run(sql`update capsules set status = 'stopped'`);
    expect(await held()).toEqual({});
  });
});
