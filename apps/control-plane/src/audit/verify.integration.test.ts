import { newId, type TeamId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { type RawBuilder, sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { forgetActor } from './forget-actor.ts';
import { TestLog } from './testing/log.ts';

const ann = { type: 'user', id: newId('user'), name: 'Ann' } as const;

describeOnEachPostgres('verifying the audit log', (version) => {
  let databases: TestDatabases;
  let log: TestLog;
  let teamId: TeamId;
  let team: string;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    log = new TestLog(await databases.fresh());
    teamId = newId('team');
    team = uuidFromId(teamId);
    await log.write(newId('team'), 2);
    await log.write(teamId, 6, {
      actor: ann,
      metadata: { count: 1.5, name: 'é' },
      personal: { email: 'a@b.c' },
    });
  });
  afterEach(() => log?.[Symbol.asyncDispose]());

  const does = async (statement: RawBuilder<unknown>) => void (await statement.execute(log.database));
  const found = async () => (await log.verify()).findings;

  test('one that nobody touched is whole', async () => {
    expect(await log.verify()).toEqual({ chains: 2, entries: 8, forgotten: 0, findings: [], wrong: 0 });
    expect(await log.verify(teamId)).toMatchObject({ chains: 1, entries: 6 });
  });

  test.each([
    ['its actor', sql`actor_name = 'Eve'`],
    ['whose it is', sql`actor_id = null`],
    ['what it says of people', sql`personal = '{"email": "e@v.e"}'`],
    ['what it was done to', sql`resource_id = 'cl-other'`],
    ['what was done', sql`action = 'destroy'`],
    ['who may read it', sql`scope = 'admin'`],
    ['how it ended', sql`status = 'error'`],
    ['its details', sql`metadata = metadata || '{"count": 2.5}'`],
    ['its time, by a microsecond', sql`created_at = created_at + interval '1 microsecond'`],
    ['its digest', sql`digest = decode(repeat('00', 32), 'hex')`],
    ['the digest of who it names', sql`personal_digest = decode(repeat('00', 32), 'hex')`],
  ])('an entry is found of which somebody altered %s', async (_what, set) => {
    await does(sql`update audit_entries set ${set} where team_id = ${team} and number = 3`);
    expect(await found()).toMatchObject([
      { team: teamId, number: 3, id: expect.stringMatching(/^log-/), what: 'altered' },
    ]);
  });

  test('entries that are not there are found: in the middle, at the beginning, at the end, all', async () => {
    await does(sql`delete from audit_entries where team_id = ${team} and number in (1, 3, 4, 6)`);
    expect(await found()).toMatchObject([
      { what: 'missing', number: 1 },
      { what: 'missing', number: 3, detail: expect.stringContaining('4') },
      { what: 'missing', number: 6 },
    ]);
    await does(sql`delete from audit_entries where team_id = ${team}`);
    expect(await found()).toMatchObject([{ team: teamId, what: 'missing', number: 1 }]);
  });

  test('a chain that was cut off with its end set back is found, also after more was written to it', async () => {
    await does(sql`delete from audit_entries where team_id = ${team} and number > 4`);
    await does(sql`
        update audit_chains set number = 4, digest = (
          select digest from audit_entries entry where entry.team_id = ${team} and entry.number = 4)
         where team_id = ${team}`);
    expect(await found()).toMatchObject([{ team: teamId, what: 'chain' }]);
    await log.write(teamId, 3);
    expect(await found()).toMatchObject([{ team: teamId, what: 'chain' }]);
  });

  test('a beginning that was taken off as if it were old is found', async () => {
    await does(sql`
        update audit_chains set removed_number = 2, removed_digest = (
          select digest from audit_entries entry where entry.team_id = ${team} and entry.number = 2)
         where team_id = ${team}`);
    await does(sql`delete from audit_entries where team_id = ${team} and number <= 2`);
    expect(await found()).toMatchObject([{ team: teamId, what: 'chain' }]);
  });

  test('an entry that was made with another key is found, where it was put in and at the end', async () => {
    await using other = new TestLog(await databases.fresh());
    await other.write(teamId, 7, { actor: ann });
    const forged = await other.database
      .selectFrom('audit_entries')
      .selectAll()
      .where('number', 'in', ['3', '7'])
      .execute();
    await does(sql`delete from audit_entries where team_id = ${team} and number = 3`);
    for (const row of forged) {
      await log.database
        .insertInto('audit_entries')
        .values({ ...row, metadata: JSON.stringify(row.metadata), personal: JSON.stringify(row.personal) })
        .execute();
    }
    expect(await found()).toMatchObject([
      { what: 'altered', number: 3 },
      // It follows another one than it followed.
      { what: 'altered', number: 4 },
      { what: 'put_in', number: 7 },
    ]);
  });

  test('two entries that changed places are found', async () => {
    await does(sql`update audit_entries set number = 100 where team_id = ${team} and number = 2`);
    await does(sql`update audit_entries set number = 2 where team_id = ${team} and number = 5`);
    await does(sql`update audit_entries set number = 5 where team_id = ${team} and number = 100`);
    const numbers = (await found()).map(({ number }) => number);
    expect(numbers).toEqual(expect.arrayContaining([2, 5]));
  });

  test('what is personal can be forgotten, and all else still verifies', async () => {
    await forgetActor(log.database, { id: ann.id, email: 'a@b.c' });
    expect(await log.verify()).toEqual({ chains: 2, entries: 8, forgotten: 6, findings: [], wrong: 0 });
    const rows = await log.database.selectFrom('audit_entries').selectAll().execute();
    expect(JSON.stringify(rows)).not.toMatch(/Ann|a@b\.c/);
    await does(sql`update audit_entries set status = 'error' where team_id = ${team} and number = 3`);
    expect(await found()).toMatchObject([{ number: 3, what: 'altered' }]);
    await does(sql`update audit_entries set actor_id = 'usr-x' where team_id = ${team} and number = 5`);
    expect(await found()).toMatchObject([{ number: 3 }, { number: 5, what: 'altered' }]);
  });

  test('a log of more than one page is read as it was at one moment, while more is written', async () => {
    await log.record(
      ...Array.from({ length: 1_200 }, () => ({ teamId, actor: ann, what: 'capsule.exec' as const })),
    );
    const seen: number[] = [];
    const writing = log.write(teamId, 20);
    const verdicts = await Promise.all(Array.from({ length: 5 }, () => log.verify(teamId)));
    await writing;
    for (const verdict of verdicts) {
      expect(verdict.wrong).toBe(0);
      seen.push(verdict.entries);
    }
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(1_206);
    expect((await log.verify(teamId)).entries).toBe(1_226);
  });

  test('a team that has no log is not found', async () => {
    await expect(log.verify(newId('team'))).rejects.toMatchObject({ code: 'not_found' });
  });
});
