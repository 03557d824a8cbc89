import { newId, type TeamId, uuidFromId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { type Level, type Range, ranges, statsOf } from './stats.ts';

/** What was held, in milliseconds of 1970; without an end it still is. */
interface Span extends Omit<Level, 'running'> {
  readonly since: number;
  readonly until: number | undefined;
}

const minute = 60_000;
const day = 1440 * minute;

describeOnEachPostgres('stats', (version) => {
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

  /** A team whose capsules held this. */
  async function teamWith(spans: readonly Span[]): Promise<TeamId> {
    const team = newId('team');
    const rows = spans.map(({ since, until, vcpus, memoryMb }) => ({
      capsule_id: uuidFromId(newId('capsule')),
      team_id: uuidFromId(team),
      vcpus,
      memory_mb: memoryMb,
      is_running: vcpus > 0,
      since: new Date(since),
      until: until === undefined ? null : new Date(until),
    }));
    if (rows.length > 0) await database.insertInto('reservations').values(rows).execute();
    return team;
  }

  test('of a team without capsules are zeros, in as many points as the range has', async () => {
    const team = newId('team');
    const nothing = { running: 0, vcpus: 0, memoryMb: 0 };
    for (const range of Object.keys(ranges) as Range[]) {
      const { seconds, bucketSec } = ranges[range];
      const { current, peaks, series } = await statsOf(database, team, range);
      expect({ current, peaks }).toEqual({ current: nothing, peaks: nothing });
      expect(series).toHaveLength(seconds / bucketSec);
      const starts = series.map(({ at }) => at.getTime());
      expect(starts).toEqual(starts.map((_, index) => (starts[0] ?? 0) + index * bucketSec * 1000));
      expect((starts[0] ?? 0) % (bucketSec * 1000)).toBe(0);
      expect(series.every(({ running, vcpus, memoryMb }) => running + vcpus + memoryMb === 0)).toBe(true);
    }
  });

  test('see what no sample would, and take no change for two', async () => {
    const now = Date.now();
    const then = now - 20 * minute;
    const team = await teamWith([
      { since: then, until: then + 1, vcpus: 8, memoryMb: 1024 },
      { since: then + 1, until: undefined, vcpus: 0, memoryMb: 512 },
      { since: now - 5 * day, until: then, vcpus: 8, memoryMb: 1024 },
    ]);
    const { current, peaks } = await statsOf(database, team, '1h');
    expect(current).toEqual({ running: 0, vcpus: 0, memoryMb: 512 });
    expect(peaks).toEqual({ running: 1, vcpus: 8, memoryMb: 1024 });
  });

  test('have peaks of 30 days, each by itself, whatever the range', async () => {
    const now = Date.now();
    const team = await teamWith([
      { since: now - 40 * day, until: now - 31 * day, vcpus: 64, memoryMb: 65_536 },
      { since: now - 20 * day, until: now - 19 * day, vcpus: 4, memoryMb: 512 },
      { since: now - 10 * day, until: now - 9 * day, vcpus: 1, memoryMb: 8192 },
      { since: now - 10 * day, until: now - 9 * day, vcpus: 1, memoryMb: 1 },
    ]);
    const peaks = { running: 2, vcpus: 4, memoryMb: 8193 };
    expect(await statsOf(database, team, '5m')).toMatchObject({ peaks });
    expect(await statsOf(database, team, '30d')).toMatchObject({ peaks });
  });

  test('are the largest of each point, at whatever moment of it', async () => {
    const span = fc.record({
      age: fc.integer({ min: 5 * minute, max: 90 * minute }),
      length: fc.option(fc.integer({ min: 1, max: 60 * minute }), { nil: undefined }),
      vcpus: fc.integer({ min: 0, max: 8 }),
      memoryMb: fc.integer({ min: 1, max: 8192 }),
    });
    const property = fc.asyncProperty(fc.array(span, { maxLength: 12 }), async (generated) => {
      const now = Date.now();
      const spans = generated.map(({ age, length, vcpus, memoryMb }) => ({
        since: now - age,
        // Over by now: what happens meanwhile is of no account.
        until: length === undefined ? undefined : now - age + Math.min(length, age),
        vcpus,
        memoryMb,
      }));
      const { series, current, peaks } = await statsOf(database, await teamWith(spans), '1h');
      const starts = series.map(({ at }) => at.getTime());
      const expected = starts.map((start, index) => ({
        at: new Date(start),
        ...largest(spans, start, starts[index + 1] ?? Number.POSITIVE_INFINITY),
      }));
      expect(series).toEqual(expected);
      expect(current).toEqual(levelAt(spans, Number.POSITIVE_INFINITY));
      expect(peaks).toEqual(largest(spans, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY));
    });
    await fc.assert(property, { numRuns: 40 });
  });
});

function levelAt(spans: readonly Span[], at: number): Level {
  const held = spans.filter(({ since, until }) => since <= at && (until === undefined || until > at));
  return {
    running: held.filter(({ vcpus }) => vcpus > 0).length,
    vcpus: held.reduce((sum, { vcpus }) => sum + vcpus, 0),
    memoryMb: held.reduce((sum, { memoryMb }) => sum + memoryMb, 0),
  };
}

/** Nothing becomes more but when something begins. */
function largest(spans: readonly Span[], start: number, end: number): Level {
  const moments = spans.map(({ since }) => since).filter((since) => since > start && since < end);
  const levels = [start, ...moments].map((at) => levelAt(spans, at));
  const most = (of: (level: Level) => number) => Math.max(...levels.map(of));
  return {
    running: most(({ running }) => running),
    vcpus: most(({ vcpus }) => vcpus),
    memoryMb: most(({ memoryMb }) => memoryMb),
  };
}
