import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { systemCode } from '@wrenn/core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { formOf, type UploadBody, uploadForm, uploadRaw } from '../testing/upload.ts';
import { draftKindOf } from './draft-name.ts';

let machine: EnvdWithUser;
let folder: string;
let home: string;
let serial = 0;
beforeAll(async () => {
  const mounts = [
    'mkdir "$1/fixed" && mount -t tmpfs none "$1/fixed" && echo old > "$1/fixed/file"',
    'mount --bind "$1/fixed/file" "$1/fixed/file"',
  ];
  machine = await startEnvdWithUser({ script: mounts.join(' && ') });
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

/** /tmp is everybody's, and other daemons under test have drafts there too: this upload's is known by its content. */
const draftsWith = (content: string) =>
  readdirSync('/tmp').filter(
    (name) => draftKindOf(name) !== undefined && contentOf(join('/tmp', name)) === content,
  );

function contentOf(path: string): string | undefined {
  try {
    return read(path);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

const post = (query: Record<string, string>, body: UploadBody, headers: Record<string, string> = {}) =>
  uploadForm(machine.envd, query, body, headers);
const postRaw = (query: Record<string, string>, body: UploadBody, headers: Record<string, string> = {}) =>
  uploadRaw(machine.envd, query, body, headers);

test('the files of a form are written by their names, with the folders that lack', async () => {
  const names = ['a/b/one', 'two words', 'ü\n"\\', '%20'].map((name) => join(folder, name));
  const { status, body } = await post({}, formOf(...names.map((name) => [name, name] as const)));
  expect({ status, body }).toStrictEqual({
    status: 200,
    body: names.map((path) => ({ name: path.slice(path.lastIndexOf('/') + 1), path, type: 'file' })),
  });
  for (const name of names) expect(read(name)).toBe(name);
  expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o755);
  expect(statSync(join(folder, '%20')).mode & 0o777).toBe(0o644);
});

test.each(['plain', ' ', 'a"b', 'a\nb', '%22', 'ünï', '-rf', '..a', 'a\\b', 'x'.repeat(255)])(
  'a path in the query is taken as it is: %j',
  async (name) => {
    const path = join(folder, name);
    const expected = { status: 200, body: [{ name, path, type: 'file' }] };
    expect(await post({ path }, formOf(['another name', '1']))).toStrictEqual(expected);
    expect(read(path)).toBe('1');
    expect(await postRaw({ path }, '2')).toStrictEqual(expected);
    expect(read(path)).toBe('2');
    expect(namesIn(folder)).toStrictEqual([name]);
  },
);

test('a relative path starts at the home of the user, whose the file is', async () => {
  const { body } = await postRaw({ path: `${serial}/a/file`, username: 'user' }, 'x');
  expect(body).toStrictEqual([{ name: 'file', path: join(home, 'a/file'), type: 'file' }]);
  for (const path of ['a', 'a/file']) {
    expect(statSync(join(home, path))).toMatchObject({ uid: machine.uid, gid: machine.uid });
  }
});

test('gzip is unpacked, of a form and of a body alike', async () => {
  const headers = { 'content-encoding': 'gzip' };
  const boundary = 'b';
  const form = `--b\r\nContent-Disposition: form-data; name="file"; filename="${folder}/1"\r\n\r\none\r\n--b--`;
  const type = { 'content-type': `multipart/form-data; boundary=${boundary}` };
  expect((await post({}, gzipSync(form), { ...headers, ...type })).status).toBe(200);
  expect((await postRaw({ path: `${folder}/2` }, gzipSync('two'), headers)).status).toBe(200);
  expect((await postRaw({ path: `${folder}/3` }, 'three', { 'content-encoding': 'identity' })).status).toBe(
    200,
  );
  expect(['1', '2', '3'].map((name) => read(join(folder, name)))).toStrictEqual(['one', 'two', 'three']);
});

test('a body without a length is taken to its end', async () => {
  const body = new Blob(['x'.repeat(200_000)]).stream();
  expect((await postRaw({ path: `${folder}/a` }, body)).status).toBe(200);
  expect(statSync(`${folder}/a`).size).toBe(200_000);
});

test('metadata is what the last upload says', async () => {
  const path = join(folder, 'a');
  const { body } = await postRaw({ path }, '1', { 'X-Metadata-Colour': 'green', 'X-Metadata-Size': 'XL' });
  expect(body).toStrictEqual([{ name: 'a', path, type: 'file', metadata: { colour: 'green', size: 'XL' } }]);
  expect((await postRaw({ path }, '1', { 'X-Metadata-Colour': 'grün' })).status).toBe(400);
  expect(read(path)).toBe('1');
});

describe('a file that is there', () => {
  test('keeps its permissions and its owner', async () => {
    const path = join(home, 'a');
    writeFileSync(path, 'old');
    chmodSync(path, 0o750);
    chownSync(path, machine.uid, machine.uid);
    expect((await postRaw({ path }, 'new')).status).toBe(200);
    expect(read(path)).toBe('new');
    expect(statSync(path)).toMatchObject({ uid: machine.uid, gid: machine.uid, mode: 0o100750 });
  });

  test('stays whole for who reads it already', async () => {
    const path = join(folder, 'a');
    writeFileSync(path, 'old');
    const before = statSync(path).ino;
    await postRaw({ path }, 'new');
    expect(statSync(path).ino).not.toBe(before);
  });

  test('is reached through symbolic links, which stay', async () => {
    writeFileSync(join(folder, 'file'), 'old');
    symlinkSync('file', join(folder, 'link'));
    symlinkSync(join(folder, 'link'), join(home, 'far'));
    expect((await postRaw({ path: join(home, 'far') }, 'new')).status).toBe(200);
    expect(read(join(folder, 'file'))).toBe('new');
    expect(lstatSync(join(home, 'far')).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(folder, 'link'))).toBe('file');
  });

  test('can be a program that runs', async () => {
    const path = join(folder, 'sleep');
    writeFileSync(path, readFileSync('/bin/sleep'), { mode: 0o755 });
    const program = spawn(path, ['60']);
    await once(program, 'spawn');
    expect((await postRaw({ path }, 'new')).status).toBe(200);
    expect(read(path)).toBe('new');
    program.kill();
    await once(program, 'exit');
  });

  test('is written in place when the user may not change its folder', async () => {
    const path = join(folder, 'shared');
    const content = `new, of ${folder}`;
    writeFileSync(path, `old and longer: ${content}`);
    chownSync(path, 0, machine.uid);
    chmodSync(path, 0o660);
    const before = statSync(path).ino;
    expect((await postRaw({ path, username: 'user' }, content)).status).toBe(200);
    expect(read(path)).toBe(content);
    expect(statSync(path)).toMatchObject({ ino: before, uid: 0, mode: 0o100660 });
    expect(draftsWith(content)).toStrictEqual([]);
  });

  test('is written in place when it is another’s in a folder for everybody', async () => {
    const path = join(folder, 'shared');
    chmodSync(folder, 0o1777);
    writeFileSync(path, 'old');
    chmodSync(path, 0o666);
    const before = statSync(path).ino;
    expect((await postRaw({ path, username: 'user' }, 'new', { 'X-Metadata-A': '1' })).status).toBe(200);
    expect(read(path)).toBe('new');
    expect(statSync(path)).toMatchObject({ ino: before, uid: 0 });
    expect(namesIn(folder)).toStrictEqual(['shared']);
  });

  test('is written in place when something is mounted on it', async () => {
    const path = join(machine.rootFolder, '../fixed/file');
    expect((await postRaw({ path }, 'new')).status).toBe(200);
    const response = await fetch(`${machine.envd.url}/files?${new URLSearchParams({ path })}`);
    expect(await response.text()).toBe('new');
  });
});

test('a link that leads nowhere makes the file that it names', async () => {
  symlinkSync('deep/er', join(folder, 'link'));
  expect((await postRaw({ path: join(folder, 'link') }, 'x')).status).toBe(200);
  expect(read(join(folder, 'deep/er'))).toBe('x');
});

test('the last of two uploads to one file is the file, and both succeed', async () => {
  const path = join(folder, 'a');
  const answers = await Promise.all(
    ['1', '2', '3', '4'].map((digit) => postRaw({ path }, digit.repeat(300_000))),
  );
  expect(answers.map(({ status }) => status)).toStrictEqual([200, 200, 200, 200]);
  expect(read(path)).toMatch(/^(1+|2+|3+|4+)$/);
  expect(namesIn(folder)).toStrictEqual(['a']);
});

test('a thousand files come in one form', async () => {
  const names = Array.from({ length: 1000 }, (_, index) => join(folder, `d${index % 10}`, String(index)));
  const { status } = await post({}, formOf(...names.map((name) => [name, name] as const)));
  expect(status).toBe(200);
  expect(names.every((name) => existsSync(name) && read(name) === name)).toBe(true);
  expect(namesIn(folder).length).toBe(10);
});
