import { newId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { migrateUrl } from '../db/migrator.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { TestLog } from './testing/log.ts';

describeOnEachPostgres('writing to the audit log', (version) => {
  let databases: TestDatabases;
  let log: TestLog;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    log = new TestLog(await databases.fresh());
  });
  afterAll(async () => {
    await log?.[Symbol.asyncDispose]();
    await databases?.[Symbol.asyncDispose]();
  });

  const numbers = async (team: string) => {
    const rows = await log.database
      .selectFrom('audit_entries')
      .select('number')
      .where('team_id', '=', team)
      .orderBy('number')
      .execute();
    return rows.map(({ number }) => Number(number));
  };
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  test('twenty who write at once on one team leave no gap, and the chain is whole', async () => {
    const teamId = newId('team');
    await Promise.all(Array.from({ length: 20 }, () => log.write(teamId, 10)));
    expect(await numbers(uuidFromId(teamId))).toEqual(upTo(200));
    expect(await log.verify(teamId)).toMatchObject({ chains: 1, entries: 200, wrong: 0 });
  });

  test('twenty who write to several teams at once, in any order, never wait for each other for good', async () => {
    const teams = [newId('team'), newId('team'), newId('team')];
    await Promise.all(
      Array.from({ length: 20 }, async (_, writer) => {
        for (let round = 0; round < 10; round += 1) {
          const turned = teams.map((_team, index) => teams[(index + writer + round) % 3] ?? newId('team'));
          await log.record(
            ...turned.map((teamId) => ({ teamId, actor: systemActor, what: 'host.marked_up' as const })),
          );
        }
      }),
    );
    for (const teamId of teams) {
      expect(await numbers(uuidFromId(teamId))).toEqual(upTo(200));
      expect((await log.verify(teamId)).wrong).toBe(0);
    }
  });

  test('a transaction that is rolled back leaves nothing, and no gap', async () => {
    const teamId = newId('team');
    await log.write(teamId, 1);
    const failing = log.database.transaction().execute(async (transaction) => {
      await log.recorder.record(transaction, { teamId, actor: systemActor, what: 'capsule.pause' });
      throw new Error('the change failed');
    });
    await expect(failing).rejects.toThrow('the change failed');
    await log.write(teamId, 1);
    expect(await numbers(uuidFromId(teamId))).toEqual([1, 2]);
    expect((await log.verify(teamId)).wrong).toBe(0);
  });

  test('several entries of one transaction follow each other in its order', async () => {
    const teamId = newId('team');
    const ids = ['a', 'b', 'c'];
    await log.record(
      ...ids.map((resourceId) => ({
        teamId,
        actor: systemActor,
        what: 'capsule.fork' as const,
        resourceId,
      })),
    );
    const rows = await log.database
      .selectFrom('audit_entries')
      .select('resource_id')
      .where('team_id', '=', uuidFromId(teamId))
      .orderBy('number')
      .execute();
    expect(rows.map((row) => row.resource_id)).toEqual(ids);
  });

  test('whatever is written down is found again as it was, and verifies', async () => {
    const teamId = newId('team');
    const text = fc.string({ unit: 'binary' });
    const happening = fc.record({
      name: text,
      metadata: fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' })),
      personal: fc.dictionary(text, text),
    });
    await fc.assert(
      fc.asyncProperty(happening, async ({ name, metadata, personal }) => {
        const actor = { type: 'user', id: newId('user'), name } as const;
        await log.record({ teamId, actor, what: 'member.add', metadata, personal });
      }),
    );
    expect(await log.verify(teamId)).toMatchObject({ wrong: 0, entries: 100 });
  });
});
