import { newId } from '@wrenn/core';
import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../db/database.ts';
import { migrateUrl } from '../db/migrator.ts';
import { describeOnEachPostgres } from '../testing/on-each-postgres.ts';
import { type DayOfUse, usageOn } from './daily.ts';
import { rollUpUsage } from './roll-up.ts';
import {
  daysAgo,
  dayUs,
  forgetRollUps,
  type Held,
  hold,
  hourUs,
  minuteUs,
  secondUs,
} from './testing/past.ts';

describeOnEachPostgres('usage of days', (version) => {
  let databases: TestDatabases;
  let database: Database;

  beforeAll(async () => {
    databases = await testDatabases(version, migrateUrl);
    database = openDatabase(await databases.fresh(), () => undefined);
  });
  beforeEach(async () => {
    await sql`truncate reservations, daily_usage`.execute(database);
  });
  afterAll(async () => {
    await database?.destroy();
    await databases?.[Symbol.asyncDispose]();
  });

  const never = new AbortController().signal;
  const rollUp = async () => await rollUpUsage({ database }, never);
  const stored = async () =>
    (await sql`select * from daily_usage order by team_id, date`.execute(database)).rows;
  const nextDay = async () =>
    (await sql<{ day: string }>`select next_day::text as day from usage_progress`.execute(database)).rows[0]
      ?.day;

  test('is cut at midnight in UTC, exactly', async () => {
    const team = newId('team');
    const [first, second, third] = await Promise.all([5, 4, 3].map((ago) => daysAgo(database, ago)));
    if (first === undefined || third === undefined) throw new TypeError('no days');
    await forgetRollUps(database, first);
    await hold(
      database,
      team,
      first,
      { sinceUs: 23 * hourUs, lengthUs: 25 * hourUs + 90 * secondUs, vcpus: 2, memoryMb: 512 },
      { sinceUs: dayUs - 1, lengthUs: 2, vcpus: 3, memoryMb: 1000 },
      // Paused from midnight to midnight.
      { sinceUs: 2 * dayUs, lengthUs: dayUs, vcpus: 0, memoryMb: 256 },
    );
    const expected = [
      {
        date: first,
        cpuSeconds: '7200.000003',
        ramMbSeconds: '1843200.001',
        cpuMinutes: '120',
        ramMbMinutes: '30720.000017',
      },
      {
        date: second,
        cpuSeconds: '172800.000003',
        ramMbSeconds: '44236800.001',
        cpuMinutes: '2880',
        ramMbMinutes: '737280.000017',
      },
      {
        date: third,
        cpuSeconds: '180',
        ramMbSeconds: '22164480',
        cpuMinutes: '3',
        ramMbMinutes: '369408',
      },
    ];
    const days = { from: first, to: third };
    expect(await usageOn(database, team, days)).toEqual(expected);
    await rollUp();
    expect(await stored()).toHaveLength(3);
    expect(await usageOn(database, team, days)).toEqual(expected);
  });

  test('adds up to what was held, however it is cut, and is the same before and after the roll-up', async () => {
    const from = await daysAgo(database, 60);
    const to = await daysAgo(database, 2);
    const held = fc.record({
      sinceUs: fc.integer({ min: 0, max: 40 * dayUs }),
      lengthUs: fc.integer({ min: 0, max: 10 * dayUs }),
      vcpus: fc.integer({ min: 0, max: 8 }),
      memoryMb: fc.integer({ min: 64, max: 8192 }),
      onMidnight: fc.boolean(),
    });
    const property = fc.asyncProperty(fc.array(held, { maxLength: 8 }), async (generated) => {
      const team = newId('team');
      const all = generated.map(({ onMidnight, sinceUs, ...rest }) => ({
        ...rest,
        sinceUs: onMidnight ? sinceUs - (sinceUs % dayUs) : sinceUs,
      }));
      await forgetRollUps(database, from);
      await hold(database, team, from, ...all);
      const live = await usageOn(database, team, { from, to });
      expect(total(live, 'cpuSeconds')).toBe(product(all, 'vcpus'));
      expect(total(live, 'ramMbSeconds')).toBe(product(all, 'memoryMb'));
      await rollUp();
      expect(await usageOn(database, team, { from, to })).toEqual(live);
    });
    await fc.assert(property, { numRuns: 15 });
  });

  test('is caught up with after days without a roll-up, once', async () => {
    const team = newId('team');
    const from = await daysAgo(database, 7);
    const to = await daysAgo(database, 2);
    await forgetRollUps(database, from);
    await hold(database, team, from, { sinceUs: 0, lengthUs: 6 * dayUs, vcpus: 1, memoryMb: 512 });
    await rollUp();
    const first = await stored();
    const days = await usageOn(database, team, { from, to });
    expect(days.map(({ cpuMinutes }) => cpuMinutes)).toEqual(Array.from({ length: 6 }, () => '1440'));
    await rollUp();
    expect(await stored()).toEqual(first);
    await sql`update usage_progress set next_day = ${from}::date`.execute(database);
    await rollUp();
    expect(await stored()).toEqual(first);
  });

  test('is the same whoever rolls it up, and how many at once', async () => {
    const team = newId('team');
    const from = await daysAgo(database, 12);
    const to = await daysAgo(database, 2);
    await forgetRollUps(database, from);
    await hold(database, team, from, { sinceUs: hourUs, lengthUs: 9 * dayUs, vcpus: 1, memoryMb: 2 });
    const expected = await usageOn(database, team, { from, to });
    const seen = await Promise.all([rollUp(), rollUp(), usageOn(database, team, { from, to })]);
    expect(seen[2]).toEqual(expected);
    expect(await stored()).toHaveLength(10);
    expect(await usageOn(database, team, { from, to })).toEqual(expected);
  });

  test('is not rolled up before the day is over', async () => {
    const day = await daysAgo(database, 0);
    await forgetRollUps(database, day);
    await hold(database, newId('team'), day, { sinceUs: 0, lengthUs: undefined, vcpus: 1, memoryMb: 1 });
    await rollUp();
    expect(await nextDay()).toBe(day);
    expect(await stored()).toEqual([]);
  });

  test('of long ago stays when what it was computed from is removed', async () => {
    const team = newId('team');
    const [old, kept] = await Promise.all([97, 90].map((ago) => daysAgo(database, ago)));
    if (old === undefined || kept === undefined) throw new TypeError('no days');
    await forgetRollUps(database, old);
    await hold(database, team, old, { sinceUs: 0, lengthUs: minuteUs, vcpus: 1, memoryMb: 512 });
    await hold(database, team, kept, { sinceUs: 0, lengthUs: minuteUs, vcpus: 1, memoryMb: 512 });
    await hold(database, team, old, { sinceUs: 0, lengthUs: undefined, vcpus: 0, memoryMb: 1 });
    await rollUp();
    const left = await database.selectFrom('reservations').select(['memory_mb']).orderBy('id').execute();
    expect(left).toEqual([{ memory_mb: 512 }, { memory_mb: 1 }]);
    expect(await usageOn(database, team, { from: old, to: old })).toMatchObject([{ cpuMinutes: '1' }]);
  });
});

function total(days: readonly DayOfUse[], field: 'cpuSeconds' | 'ramMbSeconds'): bigint {
  return days.reduce((sum, day) => sum + micros(day[field]), 0n);
}

function product(all: readonly Held[], field: 'vcpus' | 'memoryMb'): bigint {
  return all.reduce((sum, held) => sum + BigInt(held.lengthUs ?? 0) * BigInt(held[field]), 0n);
}

/** Of a decimal with six places at the most. */
function micros(decimal: string): bigint {
  const [whole = '', fraction = ''] = decimal.split('.');
  return BigInt(whole + fraction.padEnd(6, '0'));
}
