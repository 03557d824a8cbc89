import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, truncateSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';

let machine: EnvdWithUser;
let folder: string;
beforeAll(async () => {
  machine = await startEnvdWithUser();
  folder = machine.rootFolder;
});
afterAll(() => machine[Symbol.asyncDispose]());

/** Enough that it does not fit into what the kernel holds for a client that reads nothing. */
const longBytes = 64 * 1024 * 1024;

function makeLong(path: string): void {
  writeFileSync(path, '');
  truncateSync(path, longBytes);
}

/** A download that has begun and stands still, since nobody reads it. */
async function begin(path: string, headers: Record<string, string> = {}) {
  const request = get(`${machine.envd.url}/files?${new URLSearchParams({ path })}`, {
    headers,
    agent: false,
  });
  const [response] = await once(request, 'response');
  return { request, response };
}

test.each([{}, { 'accept-encoding': 'gzip' }])(
  'a file that becomes shorter meanwhile is not taken for whole, with %j',
  async (headers) => {
    const path = join(folder, 'shrinking');
    // What does not become small in gzip.
    execFileSync('sh', ['-c', `head -c ${longBytes} /dev/urandom > "$0"`, path]);
    const { response } = await begin(path, headers);
    truncateSync(path, 10);
    await expect(text(response)).rejects.toThrow('aborted');
  },
);

test('a file that grows meanwhile is sent as long as it was', async () => {
  const path = join(folder, 'growing');
  makeLong(path);
  const { response } = await begin(path);
  appendFileSync(path, 'more');
  let length = 0;
  for await (const chunk of response) length += chunk.length;
  expect(length).toBe(longBytes);
});

test('a client that goes away takes nothing with it, and its file is closed', async () => {
  const path = join(folder, 'left');
  makeLong(path);
  const isOpen = () => execFileSync('sh', ['-c', `ls -l /proc/${machine.envd.pid}/fd`]).includes(path);
  for (const headers of [{}, { 'accept-encoding': 'gzip' }]) {
    const { request, response } = await begin(path, headers);
    response.on('error', () => undefined);
    request.destroy();
  }
  await expect.poll(isOpen).toBe(false);
  expect((await fetch(`${machine.envd.url}/health`)).status).toBe(200);
});
