import { chownSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { formOf, type UploadBody, uploadForm, uploadRaw } from '../testing/upload.ts';

let machine: EnvdWithUser;
let folder: string;
let home: string;
let serial = 0;
beforeAll(async () => {
  machine = await startEnvdWithUser({
    script: 'mkdir "$1/small" && mount -t tmpfs -o size=256k none "$1/small"',
  });
});
afterAll(() => machine[Symbol.asyncDispose]());
beforeEach(() => {
  serial += 1;
  folder = join(machine.rootFolder, String(serial));
  home = join(machine.home, String(serial));
  mkdirSync(folder);
  mkdirSync(home);
  chownSync(home, machine.uid, machine.uid);
});

const namesIn = (path: string) => readdirSync(path).toSorted();
const read = (path: string) => readFileSync(path, 'utf8');

const post = (query: Record<string, string>, body: UploadBody, headers: Record<string, string> = {}) =>
  uploadForm(machine.envd, query, body, headers);
const postRaw = (query: Record<string, string>, body: UploadBody, headers: Record<string, string> = {}) =>
  uploadRaw(machine.envd, query, body, headers);

const refusals: readonly (readonly [string, (path: string) => Promise<{ status: number }>, number])[] = [
  ['an unknown user', (path) => postRaw({ path, username: 'x' }, 'a'), 401],
  ['a folder that the user may not write', (path) => postRaw({ path, username: 'user' }, 'a'), 403],
  ['a raw body without a path', () => postRaw({}, 'a'), 400],
  ['another type', (path) => post({ path }, 'a', { 'content-type': 'text/plain' }), 400],
  ['another encoding', (path) => postRaw({ path }, 'a', { 'content-encoding': 'br' }), 400],
  ['gzip that is none', (path) => postRaw({ path }, 'a', { 'content-encoding': 'gzip' }), 400],
  [
    'gzip that is cut off',
    (path) => postRaw({ path }, gzipSync('x'.repeat(1000)).subarray(0, -3), { 'content-encoding': 'gzip' }),
    400,
  ],
  ['a form without a file', () => post({}, new FormData()), 400],
  ['a file without a name', () => post({}, formOf(['', 'a'])), 400],
  ['several files for one path', (path) => post({ path }, formOf(['1', '1'], ['2', '2'])), 400],
  ['one path twice', (path) => post({}, formOf([path, '1'], [path, '2'])), 400],
  ['one file by two paths', (path) => post({}, formOf([path, '1'], [`${folder}/./file`, '2'])), 400],
  ['a folder', () => postRaw({ path: folder }, 'a'), 400],
  ['a name that ends as a folder', (path) => postRaw({ path: `${path}/` }, 'a'), 400],
  ['a path through a file', () => postRaw({ path: '/etc/passwd/x' }, 'a'), 400],
  ['a device', () => postRaw({ path: '/dev/null' }, 'a'), 400],
  ['a path with a NUL', (path) => postRaw({ path: `${path}\0` }, 'a'), 400],
  ['a name that is too long', (path) => postRaw({ path: path + 'x'.repeat(256) }, 'a'), 400],
  ['a home of another', () => postRaw({ path: '~other/a' }, 'a'), 400],
];
test.each(refusals)('%s is refused, and leaves nothing', async (_what, send, status) => {
  const answer = await send(join(folder, 'file'));
  expect(answer).toMatchObject({ status, body: { code: status, message: expect.any(String) } });
  expect(namesIn(folder)).toStrictEqual([]);
  expect((await fetch(`${machine.envd.url}/health`)).status).toBe(200);
});

test('a loop of links is refused', async () => {
  symlinkSync('b', join(folder, 'a'));
  symlinkSync('a', join(folder, 'b'));
  expect((await postRaw({ path: join(folder, 'a') }, 'x')).status).toBe(400);
  expect(namesIn(folder)).toStrictEqual(['a', 'b']);
});

test('a socket is refused', async () => {
  const path = join(folder, 'socket');
  const server = createServer().listen(path);
  expect((await postRaw({ path }, 'x')).status).toBe(400);
  server.close();
});

test('a file that the user may not write, in a folder of theirs is refused', async () => {
  const path = join(home, 'a');
  writeFileSync(path, 'old');
  expect((await postRaw({ path, username: 'user' }, 'new')).status).toBe(403);
  expect(read(path)).toBe('old');
  expect(namesIn(home)).toStrictEqual(['a']);
});

test('a fault in the last file of a form leaves the others as they were', async () => {
  writeFileSync(join(folder, 'a'), 'old');
  const answer = await post(
    {},
    formOf([join(folder, 'a'), 'new'], [join(folder, 'b'), 'b'], ['/dev/null', 'c']),
  );
  expect(answer.status).toBe(400);
  expect(read(join(folder, 'a'))).toBe('old');
  expect(namesIn(folder)).toStrictEqual(['a']);
});

test('a full disk is said to be full, and leaves the old file and the room that was there', async () => {
  const path = join(machine.rootFolder, '../small/a');
  const large = Buffer.alloc(4_000_000, 'x');
  expect((await postRaw({ path }, 'old')).status).toBe(200);
  expect(await postRaw({ path }, large)).toMatchObject({ status: 507, body: { code: 507 } });
  const form = new FormData();
  form.append('file', new Blob([large]));
  expect((await post({ path }, form)).status).toBe(507);
  const kept = await fetch(`${machine.envd.url}/files?${new URLSearchParams({ path })}`);
  expect(await kept.text()).toBe('old');
  // There is room again.
  expect((await postRaw({ path }, Buffer.alloc(150_000, 'y'))).status).toBe(200);
});
