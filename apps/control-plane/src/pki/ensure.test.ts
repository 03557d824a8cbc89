import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, get, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { commonName } from './check.ts';
import { ensurePki } from './ensure.ts';
import { type PairPaths, type PkiPaths, pkiPaths } from './paths.ts';

let paths: PkiPaths;
const now = new Date();
const days = (count: number) => new Date(now.getTime() + count * 86_400_000);

beforeEach(async (context) => {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-pki-'));
  context.onTestFinished(() => rm(directory, { recursive: true, force: true }));
  paths = pkiPaths(directory);
});

const read = async (pair: PairPaths) => new X509Certificate(await readFile(pair.certificate));
const contents = () =>
  Promise.all([paths.ca, paths.controlPlane, paths.host].map((pair) => readFile(pair.certificate, 'utf8')));

test('the host proves its ID and its address, the control plane its name, to one authority', async () => {
  const hostId = await ensurePki(paths, '127.0.0.1', now);
  const [ca, controlPlane, host] = await Promise.all([
    read(paths.ca),
    read(paths.controlPlane),
    read(paths.host),
  ]);
  expect(ca.ca).toBe(true);
  expect(commonName(host)).toBe(hostId);
  expect(host.checkIP('127.0.0.1')).toBe('127.0.0.1');
  expect(commonName(controlPlane)).toBe('wrenn-cp');
  for (const leaf of [controlPlane, host]) {
    expect(leaf.ca).toBe(false);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  }
});

test('what is good stays as it is', async () => {
  const hostId = await ensurePki(paths, '127.0.0.1', now);
  const before = await contents();
  expect(await ensurePki(paths, '127.0.0.1', days(100))).toBe(hostId);
  expect(await contents()).toEqual(before);
});

test('less than a third of its life before the end a certificate is renewed, with the ID kept', async () => {
  const hostId = await ensurePki(paths, '127.0.0.1', now);
  const [ca, ...leaves] = await contents();
  expect(await ensurePki(paths, '127.0.0.1', days(250))).toBe(hostId);
  const [sameCa, ...newLeaves] = await contents();
  expect(sameCa).toBe(ca);
  for (const [index, leaf] of newLeaves.entries()) expect(leaf).not.toBe(leaves[index]);
});

test('a new address gets a new certificate of the same host', async () => {
  const hostId = await ensurePki(paths, '127.0.0.1', now);
  expect(await ensurePki(paths, 'host.example', now)).toBe(hostId);
  expect((await read(paths.host)).checkHost('host.example')).toBe('host.example');
});

test.each(['ca', 'controlPlane', 'host'] as const)(
  'a %s pair that is damaged is made anew, and all fit again',
  async (name) => {
    await ensurePki(paths, '127.0.0.1', now);
    await writeFile(paths[name].key, 'not a key');
    await ensurePki(paths, '127.0.0.1', now);
    const ca = await read(paths.ca);
    for (const pair of [paths.controlPlane, paths.host])
      expect((await read(pair)).verify(ca.publicKey)).toBe(true);
  },
);

test('TLS 1.3 accepts them in both directions', async () => {
  await ensurePki(paths, '127.0.0.1', now);
  const text = (path: string) => readFile(path, 'utf8');
  const ca = await text(paths.ca.certificate);
  const server: Server = createServer(
    {
      ca,
      cert: await text(paths.host.certificate),
      key: await text(paths.host.key),
      requestCert: true,
      minVersion: 'TLSv1.3',
    },
    (_request, response) => response.end('in'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const client = {
      ca,
      cert: await text(paths.controlPlane.certificate),
      key: await text(paths.controlPlane.key),
    };
    expect(await status({ port, ...client })).toBe(200);
    await expect(status({ port, ca })).rejects.toThrow();
  } finally {
    server.close();
    server.closeAllConnections();
  }
});

function status(options: {
  port: number;
  ca: string;
  cert?: string;
  key?: string;
}): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = get({ host: '127.0.0.1', agent: false, ...options }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
  });
}
