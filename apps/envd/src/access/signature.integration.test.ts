import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getSignature } from 'e2b';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';

const envdAccessToken = 'the token of the capsule';

/** As in a capsule. Its folders are where they are, its own /etc takes what /init writes. */
let machine: EnvdWithUser;
let path: string;
beforeAll(async () => {
  machine = await startEnvdWithUser({ flags: [] });
  path = join(machine.rootFolder, 'a b&c');
  const body = JSON.stringify({ accessToken: envdAccessToken, hostSecret: 'the secret of the host' });
  expect((await fetch(`${machine.envd.url}/init`, { method: 'POST', body })).status).toBe(200);
});
afterAll(() => machine[Symbol.asyncDispose]());

interface Link {
  readonly operation: 'read' | 'write';
  readonly user?: string;
  readonly expirationInSeconds?: number;
}

/** A link as E2B's client makes it. */
async function link({ operation, user, expirationInSeconds }: Link, more: Record<string, string> = {}) {
  const { signature, expiration } = await getSignature({
    path,
    operation,
    user,
    ...(expirationInSeconds === undefined ? {} : { expirationInSeconds }),
    envdAccessToken,
  });
  const query = new URLSearchParams({ path, signature });
  if (user !== undefined) query.set('username', user);
  if (expiration !== null) query.set('signature_expiration', String(expiration));
  for (const [name, value] of Object.entries(more)) query.set(name, value);
  return `${machine.envd.url}/files?${query}`;
}
const write = async (url: string, content: string, headers: Record<string, string> = {}) =>
  await fetch(url, {
    method: 'POST',
    body: content,
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });

test('links that E2B’s client signs are good for what they say, with and without an end', async () => {
  for (const more of [{}, { expirationInSeconds: 60 }]) {
    expect((await write(await link({ operation: 'write', ...more }), 'hello')).status).toBe(200);
    expect(readFileSync(path, 'utf8')).toBe('hello');
    const download = await fetch(await link({ operation: 'read', ...more }));
    expect(await download.text()).toBe('hello');
    expect((await fetch(await link({ operation: 'read', ...more }), { method: 'HEAD' })).status).toBe(200);
  }
});

test('a link is good for nothing else', async () => {
  for (const other of [
    { path: '/etc/passwd' },
    { username: 'user' },
    { signature_expiration: '99999999999' },
  ]) {
    expect((await fetch(await link({ operation: 'read' }, other))).status).toBe(401);
  }
  expect((await write(await link({ operation: 'read' }), 'x')).status).toBe(401);
  expect((await fetch(await link({ operation: 'write' }))).status).toBe(401);
  expect((await fetch(await link({ operation: 'read' }, { signature_expiration: 'soon' }))).status).toBe(400);
});

test('an Authorization header makes nobody another user than the link names', async () => {
  mkdirSync(join(machine.rootFolder, 'mine'), { mode: 0o700 });
  const asRoot = { authorization: `Basic ${btoa('root:')}` };
  const url = await link({ operation: 'write', user: 'user' });
  expect((await write(url, 'x', asRoot)).status).toBe(403);
});

test('a link whose time is over says just that', async () => {
  for (const operation of ['read', 'write'] as const) {
    const url = await link({ operation, expirationInSeconds: -10 });
    const response = operation === 'read' ? await fetch(url) : await write(url, 'x');
    expect(response.status).toBe(401);
    expect(await response.text()).toBe('{"code":401,"message":"signature is already expired"}');
  }
});

test('without a signature the token is needed, also to put files together', async () => {
  const url = `${machine.envd.url}/files?${new URLSearchParams({ path: '/etc/passwd' })}`;
  expect((await fetch(url)).status).toBe(401);
  expect((await fetch(url, { headers: { 'x-access-token': envdAccessToken } })).status).toBe(200);
  expect((await fetch(url, { headers: { 'x-access-token': 'wrong' } })).status).toBe(401);
  const body = JSON.stringify({ source_paths: ['/etc/passwd'], destination: '/tmp/x' });
  expect((await fetch(`${machine.envd.url}/files/compose`, { method: 'POST', body })).status).toBe(401);
  for (const path of ['metrics', 'envs'])
    expect((await fetch(`${machine.envd.url}/${path}`)).status).toBe(401);
});
