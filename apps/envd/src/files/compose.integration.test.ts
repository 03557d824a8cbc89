import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';

let machine: EnvdWithUser;
let folder: string;
let serial = 0;
beforeAll(async () => {
  machine = await startEnvdWithUser();
});
afterAll(() => machine[Symbol.asyncDispose]());
beforeEach(() => {
  serial += 1;
  folder = join(machine.rootFolder, String(serial));
  mkdirSync(folder);
  for (const name of ['a', 'b', 'c']) writeFileSync(join(folder, name), name.repeat(3));
});
const at = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(at(name), 'utf8');

async function compose(body: unknown) {
  const response = await fetch(`${machine.envd.url}/files/compose`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const answer: unknown = await response.json();
  return { status: response.status, body: answer };
}

test('files become one, in the order that they are given in, and are gone', async () => {
  const destination = at('made/whole');
  expect(await compose({ source_paths: [at('b'), at('a'), at('c')], destination })).toStrictEqual({
    status: 200,
    body: { name: 'whole', path: destination, type: 'file' },
  });
  expect(read('made/whole')).toBe('bbbaaaccc');
  expect(readdirSync(folder)).toStrictEqual(['made']);
});

test('the destination may be one of the sources, and a source may come twice', async () => {
  const sources = [at('a'), at('b'), at('a')];
  expect((await compose({ source_paths: sources, destination: at('a') })).status).toBe(200);
  expect(read('a')).toBe('aaabbbaaa');
  expect(readdirSync(folder).toSorted()).toStrictEqual(['a', 'c']);
});

test('a destination that is there keeps its permissions, and one that is a link stays a link', async () => {
  chmodSync(at('c'), 0o600);
  symlinkSync('c', at('link'));
  await compose({ source_paths: [at('a'), at('c')], destination: at('link') });
  expect(read('link')).toBe('aaaccc');
  expect(readdirSync(folder).toSorted()).toStrictEqual(['b', 'c', 'link']);
});

test('large files are copied whole', async () => {
  const large = Buffer.alloc(3 * 1024 * 1024 + 17, 'pattern ');
  writeFileSync(at('a'), large);
  await compose({ source_paths: [at('a'), at('b')], destination: at('whole') });
  expect(readFileSync(at('whole')).equals(Buffer.concat([large, Buffer.from('bbb')]))).toBe(true);
});

const refusals: readonly (readonly [string, () => unknown, number])[] = [
  ['a source that is missing', () => ({ source_paths: [at('a'), at('x')], destination: at('d') }), 404],
  ['a source that is a folder', () => ({ source_paths: [at('a'), folder], destination: at('d') }), 400],
  ['a source that is a device', () => ({ source_paths: ['/dev/zero'], destination: at('d') }), 400],
  ['a destination that is a folder', () => ({ source_paths: [at('a')], destination: folder }), 400],
  ['no source', () => ({ source_paths: [], destination: at('d') }), 400],
  ['an unknown user', () => ({ source_paths: [at('a')], destination: at('d'), username: 'x' }), 401],
  [
    'a folder that the user may not write',
    () => ({ source_paths: [at('a')], destination: at('d'), username: 'user' }),
    403,
  ],
  ['what is no JSON', () => '{', 400],
];
test.each(refusals)('%s is refused, and changes nothing', async (_what, body, status) => {
  expect(await compose(body())).toMatchObject({
    status,
    body: { code: status, message: expect.any(String) },
  });
  expect(readdirSync(folder).toSorted()).toStrictEqual(['a', 'b', 'c']);
});

test('a source that the user may not remove is named, and the file is made', async () => {
  const destination = join(machine.home, 'whole');
  const answer = await compose({ source_paths: [at('a')], destination, username: 'user' });
  expect(answer).toMatchObject({ status: 403, body: { message: expect.stringContaining(at('a')) } });
  expect(readFileSync(destination, 'utf8')).toBe('aaa');
});
