import { parseId, type TeamId, uuidFromId } from '@wrenn/core';
import { FakePausingHost } from '@wrenn/testkit';
import { expect, test } from 'vitest';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';
import { rollUpUsage } from './roll-up.ts';
import { daysAgo, dayUs, forgetRollUps, hold, hourUs, minuteUs } from './testing/past.ts';

interface Answer {
  readonly from: string;
  readonly to: string;
  readonly points: readonly { date: string; cpu_minutes: number; ram_mb_minutes: number }[];
}

describeOnPostgres('usage', { startAgent: (tls) => FakePausingHost.start(tls) }, (server) => {
  const database = () => server().controlPlane.context.database;
  const somebody = async () => await person(server().controlPlane, 'Ann');
  const usage = async ({ rest }: Person, query = '') =>
    (await rest.get('GET', `/capsules/usage${query}`)) as unknown as Answer;
  const rowsOf = async (team: TeamId) =>
    await database()
      .selectFrom('reservations')
      .select(['vcpus', 'memory_mb', 'is_running', 'since', 'until'])
      .where('team_id', '=', uuidFromId(team))
      .orderBy('id')
      .execute();

  test('follows the life of a capsule without a gap', async () => {
    const ann = await somebody();
    const id = await ann.rest.capsule({ vcpus: 2, memory_mb: 514 });
    const { current } = await ann.rest.get('GET', '/capsules/stats');
    expect(current).toEqual({ running_count: 1, vcpus_reserved: 2, memory_mb_reserved: 514 });
    await ann.rest.get('POST', `/capsules/${id}/pause`);
    const paused = await ann.rest.get('GET', '/capsules/stats?range=5m');
    expect(paused['current']).toEqual({ running_count: 0, vcpus_reserved: 0, memory_mb_reserved: 257 });
    expect(paused['peaks']).toEqual({ running_count: 1, vcpus: 2, memory_mb: 514 });
    await ann.rest.get('POST', `/capsules/${id}/resume`);
    await ann.rest.get('DELETE', `/capsules/${id}`);
    const rows = await rowsOf(ann.teamId);
    expect(rows.map((row) => [row.vcpus, row.memory_mb, row.is_running])).toEqual([
      [2, 514, false],
      [2, 514, true],
      [0, 257, false],
      [2, 514, false],
      [2, 514, true],
    ]);
    expect(rows.slice(1).map(({ since }) => since)).toEqual(rows.slice(0, -1).map(({ until }) => until));
    expect(rows.at(-1)?.until).toEqual(expect.any(Date));
  });

  test('is of each day, and of today up to now', async () => {
    const ann = await somebody();
    const first = await daysAgo(database(), 3);
    await hold(database(), ann.teamId, first, {
      sinceUs: 23 * hourUs,
      lengthUs: 3 * hourUs,
      vcpus: 2,
      memoryMb: 512,
    });
    await forgetRollUps(database(), first);
    const second = await daysAgo(database(), 2);
    const expected = [
      { date: first, cpu_minutes: 120, ram_mb_minutes: 30_720 },
      { date: second, cpu_minutes: 240, ram_mb_minutes: 61_440 },
    ];
    expect((await usage(ann)).points).toEqual(expected);
    await rollUpUsage({ database: database() }, new AbortController().signal);
    expect((await usage(ann)).points).toEqual(expected);
    expect((await usage(ann, `?from=${second}&to=${second}`)).points).toEqual(expected.slice(1));

    await ann.rest.capsule();
    const all = async () =>
      (await usage(ann)).points.reduce((sum, { cpu_minutes: minutes }) => sum + minutes, 0);
    const before = await all();
    await expect.poll(all).toBeGreaterThan(before);
    expect((await usage(ann)).points.length).toBeGreaterThan(2);
    expect((await usage(await somebody())).points).toEqual([]);
  });

  test('is of 30 days where nothing else is said, and of 92 at the most', async () => {
    const ann = await somebody();
    const lasts = ({ from, to }: Answer) => (Date.parse(to) - Date.parse(from)) / 86_400_000 + 1;
    expect(lasts(await usage(ann))).toBe(30);
    expect(lasts(await usage(ann, '?to=2026-03-01'))).toBe(30);
    expect(lasts(await usage(ann, '?from=2026-01-01&to=2026-04-02'))).toBe(92);
    expect(await ann.rest.ask('GET', '/capsules/usage?from=2026-01-01&to=2026-04-03')).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', field: 'from', remedy: expect.any(String) } },
    });
  });

  test.each([
    ['usage?from=2026-1-1', 'from'],
    ['usage?to=2026-02-30', 'to'],
    ['usage?from=0000-01-01', 'from'],
    ['usage?from=2026-01-02&to=2026-01-01', 'from'],
    ['usage?since=2026-01-02', 'since'],
    ['usage/export?to=yesterday', 'to'],
    ['usage/export?from=2026-01-01&to=2026-04-03', 'from'],
    ['stats?range=2h', 'range'],
  ])('refuses %s and names the field', async (path, field) => {
    const { status, body } = await (await somebody()).rest.ask('GET', `/capsules/${path}`);
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_request', field } },
    });
  });

  test('is exported as CSV with exact decimals', async () => {
    const ann = await somebody();
    const day = await daysAgo(database(), 2);
    await hold(database(), ann.teamId, day, {
      sinceUs: 0,
      lengthUs: minuteUs + 1,
      vcpus: 1,
      memoryMb: 512,
    });
    await forgetRollUps(database(), day);
    const response = await fetch(`${server().url}/v1/capsules/usage/export?from=${day}&to=${day}`, {
      headers: { authorization: `Bearer ${ann.token}` },
    });
    expect(response.headers.get('content-type')).toMatch(/^text\/csv/);
    expect(response.headers.get('content-disposition')).toBe(
      `attachment; filename="wrenn-usage-${day}-${day}.csv"`,
    );
    expect(await response.text()).toBe(
      'date,cpu_minutes,ram_mb_minutes,cpu_seconds,ram_mb_seconds\r\n' +
        `${day},1,512.000009,60.000001,30720.000512\r\n`,
    );
  });

  test('of the platform is shown to its administrators', async () => {
    const root = await person(server().controlPlane, 'Root', { isAdmin: true });
    expect(await root.rest.get('GET', '/admin/capsules/usage')).toMatchObject({ points: [] });
    expect(await root.rest.get('GET', '/admin/capsules/stats')).toMatchObject({
      range: '1h',
      current: { running_count: 0 },
    });
  });

  test('stays when a capsule or its team is gone', async () => {
    const ann = await somebody();
    const id = await ann.rest.capsule();
    const day = await daysAgo(database(), 4);
    await hold(database(), ann.teamId, day, { sinceUs: 0, lengthUs: dayUs, vcpus: 1, memoryMb: 512 });
    await forgetRollUps(database(), day);
    await rollUpUsage({ database: database() }, new AbortController().signal);
    const before = await rowsOf(ann.teamId);
    expect((await ann.rest.ask('DELETE', `/teams/${ann.teamId}`)).status).toBe(204);
    const after = await rowsOf(ann.teamId);
    expect(after).toHaveLength(before.length);
    expect(after.map(({ until }) => until)).not.toContain(null);
    await database()
      .deleteFrom('jobs')
      .where('capsule_id', '=', uuidFromId(parseId('capsule', id)))
      .execute();
    await database()
      .deleteFrom('capsules')
      .where('id', '=', uuidFromId(parseId('capsule', id)))
      .execute();
    await database().deleteFrom('memberships').where('team_id', '=', uuidFromId(ann.teamId)).execute();
    expect(await rowsOf(ann.teamId)).toEqual(after);
    const days = await database()
      .selectFrom('daily_usage')
      .select('cpu_minutes')
      .where('team_id', '=', uuidFromId(ann.teamId))
      .execute();
    expect(days.map(({ cpu_minutes: minutes }) => Number(minutes))).toEqual([1440]);
  });
});
