import { newId, type TeamId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { testConfig } from '../testing/test-config.ts';
import { platformTeam } from './happening.ts';
import { removeOldEntries } from './retention.ts';
import { entriesOf } from './testing/entries.ts';
import { TestLog } from './testing/log.ts';

describeOnEachPostgres('entries that are old', (version) => {
  let databases: TestDatabases;
  let url: string;
  let log: TestLog;
  let teamId: TeamId;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
  });
  afterAll(() => databases?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    url = await databases.fresh();
    log = new TestLog(url);
    teamId = newId('team');
  });
  afterEach(async () => {
    vi.useRealTimers();
    await log?.[Symbol.asyncDispose]();
  });

  /** Writes so many entries as if it were so many days ago. */
  async function write(count: number, daysAgo: number, team = teamId): Promise<void> {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - daysAgo * 86_400_000 });
    await log.record(
      ...Array.from({ length: count }, () => ({
        teamId: team,
        actor: { type: 'system', name: 'test' } as const,
        what: 'capsule.exec' as const,
      })),
    );
    vi.useRealTimers();
  }

  async function remove(days: number): Promise<void> {
    const place = { databaseUrl: url, directory: '' };
    const config = testConfig(place, { WRENN_AUDIT_RETENTION_DAYS: String(days) });
    const { database, recorder, key: audit } = log;
    await removeOldEntries({ database, recorder, config, secrets: { audit } }, new AbortController().signal);
  }

  async function numbers(team = teamId): Promise<number[]> {
    const rows = await log.database
      .selectFrom('audit_entries')
      .select('number')
      .where('team_id', '=', uuidFromId(team))
      .orderBy('number')
      .execute();
    return rows.map(({ number }) => Number(number));
  }
  const removals = () => entriesOf(log.database, { thing: teamId });

  test('are kept for ever where nothing else is said', async () => {
    await write(3, 4_000);
    await remove(0);
    expect(await numbers()).toEqual([1, 2, 3]);
  });

  test('go from the beginning, in batches; what is left verifies, and goes on', async () => {
    await write(1_200, 40);
    await write(2, 10);
    await remove(30);
    expect(await numbers()).toEqual([1_201, 1_202]);
    expect((await removals()).map(({ metadata }) => metadata)).toEqual([
      { removed: 500, up_to: 500, wrong: 0 },
      { removed: 500, up_to: 1_000, wrong: 0 },
      { removed: 200, up_to: 1_200, wrong: 0 },
    ]);
    await log.write(teamId, 1);
    expect(await log.verify()).toMatchObject({ chains: 2, entries: 6, wrong: 0 });
    await remove(30);
    expect(await removals()).toHaveLength(3);
  });

  test('may be all that there are, and the chain still goes on from them', async () => {
    await write(3, 40);
    await remove(30);
    expect(await numbers()).toEqual([]);
    await log.write(teamId, 1);
    expect(await numbers()).toEqual([4]);
    expect((await log.verify()).wrong).toBe(0);
  });

  test("of the platform's own log go too, and that is written there", async () => {
    await write(3, 40, platformTeam);
    await remove(30);
    expect(await numbers(platformTeam)).toEqual([4]);
    expect(await entriesOf(log.database, { thing: platformTeam })).toMatchObject([
      { what: 'audit_log.remove', status: 'success', by: 'retention', metadata: { removed: 3, up_to: 3 } },
    ]);
    expect((await log.verify()).wrong).toBe(0);
  });

  test('wait behind a younger one: nothing is taken out of the middle', async () => {
    await write(1, 40);
    await write(1, 1);
    await write(1, 40);
    await remove(30);
    expect(await numbers()).toEqual([2, 3]);
  });

  test('go while others write, and both are whole', async () => {
    await write(600, 40);
    const writing = Array.from({ length: 10 }, () => log.write(teamId, 10));
    await Promise.all([...writing, remove(30), remove(30)]);
    expect((await numbers()).length).toBe(100);
    expect((await log.verify()).wrong).toBe(0);
    const removed = (await removals()).map(({ metadata }) => Number(metadata['removed']));
    expect(removed.reduce((sum, each) => sum + each, 0)).toBe(600);
  });

  test('leave a trace when they were altered, and never make a broken chain whole', async () => {
    await write(3, 40);
    await write(1, 1);
    await sql`update audit_entries set status = 'error' where number = 2`.execute(log.database);
    await sql`update audit_chains set number = number + 1`.execute(log.database);
    await remove(30);
    expect(await removals()).toMatchObject([{ status: 'warning', metadata: { removed: 3, wrong: 1 } }]);
    expect((await log.verify(teamId)).findings.map(({ what }) => what)).toContain('chain');
  });
});
