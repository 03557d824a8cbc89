import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sandbox } from 'e2b';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

const accessToken = 'the token of the capsule';
let envd: EnvdUnderTest;
let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'envd-signed-urls-'));
  envd = await startEnvd({ flags: [], before: ['unshare', '--uts', '--mount', '--propagation', 'private'] });
  await fetch(`${envd.url}/init`, {
    method: 'POST',
    body: JSON.stringify({ accessToken, hostSecret: 'the secret of the host', defaultUser: 'root' }),
  });
  sandbox = new Sandbox({
    sandboxId: 'secured',
    envdVersion: '0.6.13',
    envdAccessToken: accessToken,
    sandboxUrl: envd.url,
    apiKey: 'e2b_00',
  });
});
afterAll(async () => {
  await envd[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test('a client with the token works, and one without is refused', async () => {
  expect((await sandbox.commands.run('echo in')).stdout).toBe('in\n');
  await sandbox.files.write(`${folder}/file`, 'x');
  const stranger = new Sandbox({
    sandboxId: 'secured',
    envdVersion: '0.6.13',
    sandboxUrl: envd.url,
    apiKey: 'e2b_00',
  });
  await expect(stranger.commands.run('echo in')).rejects.toThrow('access token');
  await expect(stranger.files.read(`${folder}/file`)).rejects.toThrow('access token');
});

test('a signed URL downloads its file, and no other', async () => {
  await sandbox.files.write(`${folder}/signed`, 'content');
  const url = await sandbox.downloadUrl(`${folder}/signed`);
  expect(await (await fetch(url)).text()).toBe('content');
  const other = url.replace(encodeURIComponent('signed'), 'file');
  expect((await fetch(other)).status).toBe(401);
  // A link to read is none to write.
  expect((await fetch(url, { method: 'POST', body: new FormData() })).status).toBe(401);
});

test('a signed URL uploads', async () => {
  const form = new FormData();
  form.append('file', new Blob(['uploaded']), 'ignored');
  const url = await sandbox.uploadUrl(`${folder}/up`, { useSignatureExpiration: 60_000 });
  expect((await fetch(url, { method: 'POST', body: form })).status).toBe(200);
  expect(await sandbox.files.read(`${folder}/up`)).toBe('uploaded');
});

test('a signed URL whose time is over says so', async () => {
  const url = await sandbox.downloadUrl(`${folder}/signed`, { useSignatureExpiration: -120_000 });
  const response = await fetch(url);
  expect(response.status).toBe(401);
  expect(await response.json()).toMatchObject({ code: 401, message: 'signature is already expired' });
});
