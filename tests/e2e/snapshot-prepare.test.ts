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
  const ticks = async () => (await sh('cat /dev/shm/ticks')).trim().split('\n').map(Number);
  await sh('(while :; do date +%s%3N >>/dev/shm/ticks; sleep 0.05; done) >/dev/null 2>&1 &');
  await expect.poll(async () => (await ticks()).length, { timeout: 30_000 }).toBeGreaterThan(2);

  expect(await asHost('/snapshot/prepare')).toBe(204);
  const from = Date.now();
  // How long nothing may happen, which no event can tell.
  await delay(1_500);
  const until = Date.now();
  expect(await asHost('/init', JSON.stringify({ timestamp: new Date().toISOString() }))).toBe(200);

  await expect.poll(async () => (await ticks()).at(-1), { timeout: 30_000 }).toBeGreaterThan(until);
  // The guest's clock is a few milliseconds off the host's.
  const during = (await ticks()).filter((tick) => tick > from + 250 && tick < until - 250);
  expect(during).toStrictEqual([]);
});
