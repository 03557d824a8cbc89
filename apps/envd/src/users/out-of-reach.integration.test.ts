import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Client, Code, ConnectError } from '@connectrpc/connect';
import type { Filesystem } from '@wrenn/protocol/filesystem';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { filesystemClient } from '../testing/filesystem-client.ts';
import { formOf, uploadForm, uploadRaw } from '../testing/upload.ts';

/** What a request came to: the status that HTTP has for it. */
type Attempt = (folder: string) => Promise<number>;

const other = 1001;
let machine: EnvdWithUser;
let files: Client<typeof Filesystem>;
let mine: string;
/** Folders that `user` may not enter, with a file `secret` each. */
let closed: readonly string[];
beforeAll(async () => {
  const addOther = `echo "other:x:${other}:${other}::/nowhere:/bin/sh" >>/etc/passwd`;
  machine = await startEnvdWithUser({ script: addOther });
  files = filesystemClient(machine.envd.url, { user: 'user' });
  mine = machine.home;
  const [ofRoot, ofOther] = [join(machine.rootFolder, 'closed'), join(dirname(mine), 'other')];
  closed = [ofRoot, ofOther];
  for (const folder of closed) {
    mkdirSync(folder, { mode: 0o700 });
    // To be kept by the folder alone: whoever gets in may read it and write it.
    writeFileSync(join(folder, 'secret'), 'the secret');
    chmodSync(join(folder, 'secret'), 0o666);
  }
  for (const path of [ofOther, join(ofOther, 'secret')]) chownSync(path, other, other);
  symlinkSync(ofRoot, join(mine, 'way-to-root'));
  symlinkSync('../other', join(mine, 'way-to-other'));
  mkdirSync(join(mine, 'below'));
});
afterAll(() => machine?.[Symbol.asyncDispose]());
beforeEach(() => {
  writeFileSync(join(mine, 'own'), 'my own');
  chownSync(join(mine, 'own'), machine.uid, machine.uid);
});

/** How a client may name the folders: each leads to one of them. */
const spellings: readonly (readonly [string, () => string])[] = [
  ['above the home', () => '../root/closed'],
  ['above the home, by ~', () => '~/../root/closed'],
  ['above the home, by a folder below it', () => 'below/../../root/closed'],
  ['by dots in an absolute path', () => `${mine}/./below/../..//root/closed`],
  ['by its name', () => closed[0] ?? ''],
  ['by a link', () => 'way-to-root'],
  ['by dots behind a link', () => 'way-to-root/../closed'],
  ['another user’s, above the home', () => '../other'],
  ['another user’s, by its name', () => closed[1] ?? ''],
  ['another user’s, by a link', () => '~/way-to-other'],
];

const statuses: Partial<Record<Code, number>> = { [Code.PermissionDenied]: 403, [Code.NotFound]: 404 };

async function rpc(call: Promise<unknown>): Promise<number> {
  try {
    await call;
    return 200;
  } catch (thrown) {
    const { code } = ConnectError.from(thrown);
    return statuses[code] ?? code;
  }
}

const url = (route: string, path: string) =>
  `${machine.envd.url}${route}?${new URLSearchParams({ path, username: 'user' })}`;
const ask = async (route: string, path: string, request: RequestInit = {}) => {
  const answer = await fetch(url(route, path), request);
  await answer.body?.cancel();
  return answer.status;
};
const compose = async (source_paths: string[], destination: string) => {
  const body = JSON.stringify({ source_paths, destination, username: 'user' });
  return (await fetch(`${machine.envd.url}/files/compose`, { method: 'POST', body })).status;
};
const tarOf = (folder: string) => execFileSync('tar', ['-C', folder, '-cf', '-', 'own']);

const attempts: readonly (readonly [string, Attempt])[] = [
  ['Stat', (folder) => rpc(files.stat({ path: `${folder}/secret` }))],
  ['ListDir', (folder) => rpc(files.listDir({ path: folder, depth: 2 }))],
  ['MakeDir', (folder) => rpc(files.makeDir({ path: `${folder}/made/deep` }))],
  ['Move from it', (folder) => rpc(files.move({ source: `${folder}/secret`, destination: 'got' }))],
  ['Move into it', (folder) => rpc(files.move({ source: 'own', destination: `${folder}/put` }))],
  ['Move over its file', (folder) => rpc(files.move({ source: 'own', destination: `${folder}/secret` }))],
  ['Remove', (folder) => rpc(files.remove({ path: `${folder}/secret` }))],
  ['WatchDir', (folder) => rpc(files.watchDir({ path: folder })[Symbol.asyncIterator]().next())],
  ['CreateWatcher', (folder) => rpc(files.createWatcher({ path: folder, recursive: true }))],
  ['GET /files', (folder) => ask('/files', `${folder}/secret`)],
  ['HEAD /files', (folder) => ask('/files', `${folder}/secret`, { method: 'HEAD' })],
  [
    'GET /files of a part',
    (folder) => ask('/files', `${folder}/secret`, { headers: { range: 'bytes=0-3' } }),
  ],
  ['POST /files over its file', (folder) => put(`${folder}/secret`)],
  ['POST /files of a new file', (folder) => put(`${folder}/put/deep`)],
  [
    'POST /files of a form',
    async (folder) =>
      (await uploadForm(machine.envd, { username: 'user' }, formOf([`${folder}/put`, 'x']))).status,
  ],
  ['POST /files/compose from it', (folder) => compose([`${folder}/secret`], 'got')],
  ['POST /files/compose into it', (folder) => compose(['own'], `${folder}/put`)],
  ['GET /archive', (folder) => ask('/archive', folder)],
  [
    'POST /archive',
    (folder) => ask('/archive', folder, { method: 'POST', body: new Uint8Array(tarOf(mine)) }),
  ],
];
const put = async (path: string) =>
  (await uploadRaw(machine.envd, { path, username: 'user' }, 'overwritten')).status;

describe.each(spellings)('a folder that is closed to a user, named %s', (_how, name) => {
  test.each(attempts)('is out of reach of %s', async (_what, attempt) => {
    expect(await attempt(name())).toBe(403);
    for (const folder of closed) {
      expect(readdirSync(folder)).toEqual(['secret']);
      expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('the secret');
    }
    expect(readFileSync(join(mine, 'own'), 'utf8')).toBe('my own');
    expect(readdirSync(mine)).not.toContain('got');
  });
});

test('what the link of a user leads to stays, though the link may be moved and removed', async () => {
  symlinkSync(closed[0] ?? '', join(mine, 'link'));
  expect(await rpc(files.move({ source: 'link', destination: 'moved' }))).toBe(200);
  expect(await rpc(files.remove({ path: 'moved' }))).toBe(200);
  expect(lstatSync(closed[0] ?? '').isDirectory()).toBe(true);
});

describe('a link to a file that only root may read', () => {
  beforeAll(() => {
    const file = join(machine.rootFolder, 'of-root');
    writeFileSync(file, 'only of root', { mode: 0o600 });
    mkdirSync(join(mine, 'links'));
    symlinkSync(file, join(mine, 'links/link'));
    symlinkSync('link', join(mine, 'links/chain'));
    symlinkSync('../root/of-root', join(mine, 'relative'));
  });

  const reads: readonly (readonly [string, (path: string) => Promise<number>])[] = [
    ['GET /files', (path) => ask('/files', path)],
    ['HEAD /files', (path) => ask('/files', path, { method: 'HEAD' })],
    ['GET /files of a part', (path) => ask('/files', path, { headers: { range: 'bytes=0-3' } })],
    ['GET /files compressed', (path) => ask('/files', path, { headers: { 'accept-encoding': 'gzip' } })],
    ['POST /files/compose', (path) => compose(['own', path], 'got')],
  ];
  test.each(reads)('is not read by %s', async (_what, read) => {
    for (const path of ['links/link', 'links/chain', 'relative', `${mine}/links/link`])
      expect(await read(path)).toBe(403);
    expect(readdirSync(mine)).not.toContain('got');
  });

  test('is in an archive as the link that it is', async () => {
    const answer = await fetch(url('/archive', 'links'));
    const tar = Buffer.from(await answer.arrayBuffer());
    expect(tar.includes('only of root')).toBe(false);
    const listed = execFileSync('tar', ['-tvf', '-'], { input: tar }).toString();
    expect(listed).toContain(`./link -> ${machine.rootFolder}/of-root`);
  });

  test('is not written through either', async () => {
    expect(await put('links/link')).toBe(403);
    expect(await compose(['own'], 'relative')).toBe(403);
    expect(readFileSync(join(machine.rootFolder, 'of-root'), 'utf8')).toBe('only of root');
  });
});
