import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, until } from '@wrenn/core';
import { expect, inject, it } from 'vitest';
import { slotAt } from '../../apps/host-agent/src/network/slot.ts';
import { capsule, client } from '../support/client.ts';

/** Where this machine reaches the guest. */
async function addressOf(id: string): Promise<string> {
  const path = join(inject('wrenn').directory, 'capsules', id, 'record.json');
  const { slot }: { slot: number } = JSON.parse(await readFile(path, 'utf8'));
  return slotAt(slot).hostAddress;
}

async function run(id: string, script: string): Promise<string> {
  const { stdout } = await client().capsules.exec(id, { cmd: 'sh', args: ['-c', script], timeoutSec: 60 });
  return stdout;
}

it.each([
  ['127.0.0.1', 8000],
  ['::1', 8001],
])('what listens at %s in a capsule is reached from its host', async (bind, port) => {
  await using one = await capsule();
  const url = `http://${await addressOf(one.id)}:${port}/hello`;
  await expect(fetch(url)).rejects.toThrow('fetch failed');
  const serve = `cd /tmp; echo hello >hello; setsid python3 -m http.server --bind ${bind} ${port}`;
  await run(one.id, `${serve} </dev/null >/dev/null 2>&1 &`);
  using limit = deadline(60_000, `waiting for ${url}`);
  const answer = await until(async () => await ask(url, limit), 50, limit);
  expect(answer).toBe('hello\n');
});

it('what listens in a capsule is listed, its daemon left out', async () => {
  await using one = await capsule();
  const { ports } = client();
  expect(await ports.list(one.id)).toEqual([]);
  await run(one.id, 'setsid python3 -m http.server --bind 127.0.0.1 8000 </dev/null >/dev/null 2>&1 &');
  await run(one.id, 'setsid python3 -m http.server 3000 </dev/null >/dev/null 2>&1 &');
  await expect.poll(() => ports.list(one.id)).toEqual([3000, 8000]);
});

/** Undefined while nothing answers. */
async function ask(url: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await (await fetch(url, { signal })).text();
  } catch {
    return undefined;
  }
}
