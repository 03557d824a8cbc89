import { newId } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { FakeHost } from '@wrenn/testkit';
import { beforeAll, expect, test } from 'vitest';
import { Rest } from '../snapshots/testing/rest.ts';
import { type Person, person } from '../teams/testing/people.ts';
import { describeOnPostgres } from '../testing/test-on-postgres.ts';

describeOnPostgres('metrics of capsules', { startAgent: (tls) => FakeHost.start(tls) }, (server) => {
  let ann: Person;
  let id: string;
  beforeAll(async () => {
    ann = await person(server().controlPlane, 'Ann');
    id = await ann.rest.capsule({ memory_mb: 512 });
  });

  const path = (query = '') => `/capsules/${id}/metrics${query}`;

  test('of the last ten minutes, where nothing else is asked for, with all that a chart needs', async () => {
    const body = await ann.rest.get('GET', path());
    expect(Object.keys(body)).toEqual(['sandbox_id', 'range', 'interval_sec', 'points']);
    expect(body).toMatchObject({ sandbox_id: id, range: '10m', interval_sec: 5 });
    const [point] = body['points'] as Record<string, number>[];
    const mebibyte = 1024 * 1024;
    expect(point).toEqual({
      timestamp_unix: expect.any(Number),
      cpu_pct: expect.any(Number),
      mem_bytes: expect.any(Number),
      mem_total_bytes: Math.round(512 * 0.95 * mebibyte),
      disk_bytes: expect.any(Number),
      disk_total_bytes: 5 * 1024 * mebibyte,
    });
    expect(Math.abs(Number(point?.['timestamp_unix']) - Date.now() / 1000)).toBeLessThan(300);
  });

  test.each([
    ['5m', 5],
    ['10m', 5],
    ['1h', 30],
    ['2h', 30],
    ['6h', 300],
    ['12h', 300],
    ['24h', 300],
  ])('of the last %s have points that are %i seconds apart', async (range, interval) => {
    const answer = await ann.rest.get('GET', path(`?range=${range}`));
    expect(answer).toMatchObject({ range, interval_sec: interval });
    expect(answer['points']).not.toEqual([]);
  });

  test.each(['3m', '', '600', '10M', '10m&range=1h'])(
    'of a range %j are refused, which names the field',
    async (range) => {
      expect(await ann.rest.ask('GET', path(`?range=${range}`))).toMatchObject({
        status: 400,
        body: { error: { code: 'invalid_request', field: 'range' } },
      });
    },
  );

  test('of a capsule that is paused are there, and end with its pause; when it goes on they do', async () => {
    await ann.rest.get('POST', `/capsules/${id}/pause`);
    const read = async () => (await ann.rest.get('GET', path('?range=24h')))['points'];
    const before = await read();
    expect(before).not.toEqual([]);
    expect(await read()).toEqual(before);
    await ann.rest.get('POST', `/capsules/${id}/resume`);
    expect(await read()).toEqual(expect.arrayContaining(before as unknown[]));
  });

  test('are read by a key for reading, and by no other', async () => {
    const rest = async (scope: string) => {
      const { key } = await ann.rest.get('POST', '/api-keys', { name: scope, scopes: [scope] });
      return new Rest(server().url, String(key));
    };
    expect((await (await rest('capsules:read')).ask('GET', path())).status).toBe(200);
    expect((await (await rest('capsules:write')).ask('GET', path())).status).toBe(403);
    const bob = await person(server().controlPlane, 'Bob');
    expect((await bob.rest.ask('GET', path())).status).toBe(404);
  });

  test('of the capsules of the platform are for administrators', async () => {
    const root = await person(server().controlPlane, 'Root', { isAdmin: true });
    const { id: platformCapsule } = await root.rest.get('POST', '/admin/capsules', {});
    const asked = `/admin/capsules/${platformCapsule}/metrics?range=1h`;
    expect(await root.rest.get('GET', asked)).toMatchObject({ sandbox_id: platformCapsule, range: '1h' });
    expect((await ann.rest.ask('GET', asked)).status).toBe(403);
    await root.rest.get('DELETE', `/admin/capsules/${platformCapsule}`);
  });

  test('come by the client as it says them', async () => {
    const client = new WrennClient({ baseUrl: server().url, apiKey: server().apiKey });
    const { id: own } = await client.capsules.create();
    const { points, ...rest } = await client.capsules.metrics(own, '2h');
    expect(rest).toEqual({ sandboxId: own, range: '2h', intervalSec: 30 });
    const sum = ({ memBytes, memTotalBytes, diskBytes, diskTotalBytes }: (typeof points)[number]) =>
      memBytes + memTotalBytes + diskBytes + diskTotalBytes;
    for (const point of points) expect(point.timestampUnix + point.cpuPct + sum(point)).toBeGreaterThan(0);
    await client.capsules.destroy(own);
  });

  test('of a capsule that neither runs nor is paused, or never was, are not there', async () => {
    const gone = await ann.rest.capsule();
    await ann.rest.get('DELETE', `/capsules/${gone}`);
    for (const each of [gone, newId('capsule')]) {
      expect(await ann.rest.ask('GET', `/capsules/${each}/metrics`)).toMatchObject({
        status: 404,
        body: { error: { code: 'not_found' } },
      });
    }
  });

  test('of a host that does not answer are an error that says so', async () => {
    await server().agent[Symbol.asyncDispose]();
    expect(await ann.rest.ask('GET', path())).toMatchObject({
      status: 503,
      body: { error: { code: 'host_unavailable', retryable: true } },
    });
  });
});
