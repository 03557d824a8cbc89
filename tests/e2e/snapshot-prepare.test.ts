import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import * as z from 'zod/mini';
import { client } from '../support/client.ts';

const capsuleRecord = z.object({ hostSecret: z.string() });

let id: string;
let envdUrl: string;
let hostSecret: string;
beforeAll(async () => {
  const created = await client().capsules.create();
  id = created.id;
  envdUrl = `http://${created.hostIp}:49983`;
  const record = join(inject('wrenn').directory, 'capsules', id, 'record.json');
  ({ hostSecret } = capsuleRecord.parse(JSON.parse(await readFile(record, 'utf8'))));
});
afterAll(() => client().capsules.destroy(id));

const asHost = async (path: string, body?: string) => {
  const { status } = await fetch(`${envdUrl}${path}`, {
    method: 'POST',
    headers: { 'x-wrenn-host-secret': hostSecret, connection: 'close' },
    ...(body === undefined ? {} : { body }),
  });
  return status;
};
const sh = async (script: string) =>
  (await client().capsules.exec(id, { cmd: 'sh', args: ['-c', script], timeoutSec: 60 })).stdout;

test('between /snapshot/prepare and /init the processes of users stand still, and go on afterwards', async () => {
  // By a clock that nobody sets.
  const ticks = async () => (await sh('cat /dev/shm/ticks')).trim().split('\n').map(Number);
  await sh('(while :; do cut -d " " -f 1 /proc/uptime >>/dev/shm/ticks; sleep 0.05; done) >/dev/null 2>&1 &');
  await expect.poll(async () => (await ticks()).length).toBeGreaterThan(2);
  const before = (await ticks()).length;

  expect(await asHost('/snapshot/prepare')).toBe(204);
  const from = performance.now();
  // How long nothing may happen, which no event can tell.
  await delay(3_000);
  const stillMs = performance.now() - from;
  expect(await asHost('/init', JSON.stringify({ timestamp: new Date().toISOString() }))).toBe(200);

  const gapsMs = (times: number[]) => times.slice(1).map((time, at) => (time - (times[at] ?? 0)) * 1000);
  // It counts hundredths of a second, and the guest's clock goes a little slower or faster than the host's.
  await expect.poll(async () => Math.max(...gapsMs(await ticks()))).toBeGreaterThan(stillMs - 100);
  const after = await ticks();
  await expect.poll(async () => (await ticks()).length).toBeGreaterThan(after.length);
  expect(after.length).toBeGreaterThan(before);
});
