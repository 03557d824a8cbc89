import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { imageOf, TestRegistry } from '@wrenn/testkit/registry';
import { makeTestPki } from '@wrenn/testkit/test-pki';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { clientOf, olga, resolveIn, startRegistry } from './testing/registry-setup.ts';

const image = imageOf({ layers: [[{ kind: 'file', path: 'hello', content: 'hello' }]] });
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wrenn-registry-'));
  makeTestPki(folder, 'registry');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const file = (name: string) => readFileSync(join(folder, name));

async function startWithTls(): Promise<{ registry: TestRegistry; name: string }> {
  const registry = await TestRegistry.start({ cert: file('host.crt'), key: file('host.key') });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return { registry, name: registry.push('team/app', 'v1', await image) };
}

/** Until the end of the test, as an operator does it with NODE_EXTRA_CA_CERTS. */
function trustTestAuthority(): void {
  const before = getCACertificates('default');
  setDefaultCACertificates([...before, file('ca.crt').toString()]);
  onTestFinished(() => setDefaultCACertificates(before));
}

const secure = { insecureRegistries: [] };

test('a registry with a certificate that is trusted is read from', async () => {
  trustTestAuthority();
  const { registry, name } = await startWithTls();
  registry.conduct.access = { kind: 'bearer', for: { kind: 'password', ...olga.text } };
  expect((await resolveIn(clientOf(registry, secure), name, olga.credentials)).layers).toHaveLength(1);
});

test('a registry with another certificate is shown nothing', async () => {
  const { registry, name } = await startWithTls();
  await expect(resolveIn(clientOf(registry, secure), name, olga.credentials)).rejects.toMatchObject({
    code: 'host_unavailable',
    remedy: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  });
  expect(registry.requests).toEqual([]);
});

test('a redirect from TLS to none is not followed', async () => {
  trustTestAuthority();
  const { registry, name } = await startWithTls();
  const other = await startRegistry();
  registry.conduct.redirect = (path) => `${other.url}${path}`;
  await expect(resolveIn(clientOf(registry, secure), name)).rejects.toMatchObject({
    code: 'image_refused',
    message: expect.stringContaining('redirects'),
  });
  expect(other.requests).toEqual([]);
});

test('a registry with TLS cannot send us for a token to where there is none', async () => {
  trustTestAuthority();
  const { registry, name } = await startWithTls();
  const other = await startRegistry();
  registry.conduct.access = { kind: 'bearer', for: { kind: 'password', ...olga.text } };
  registry.conduct.realm = `${other.url}/token`;
  await expect(resolveIn(clientOf(registry, secure), name, olga.credentials)).rejects.toMatchObject({
    code: 'image_refused',
    message: expect.stringContaining('for a token'),
  });
  expect(other.requests).toEqual([]);
});
