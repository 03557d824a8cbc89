import { text } from 'node:stream/consumers';
import { FileNotFoundError, InvalidArgumentError, NotFoundError, type Sandbox } from 'e2b';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LocalSandbox, startLocalSandbox } from './local-sandbox.ts';

let local: LocalSandbox;
let sandbox: Sandbox;
let folder: string;
beforeAll(async () => {
  local = await startLocalSandbox();
  ({ sandbox, folder } = local);
});
afterAll(() => local[Symbol.asyncDispose]());

test('read() gives back what write() took, in all four forms', async () => {
  const path = `${folder}/forms.txt`;
  const written = await sandbox.files.write(path, 'grün');
  expect(written).toMatchObject({ name: 'forms.txt', path, type: 'file' });
  expect(await sandbox.files.read(path)).toBe('grün');
  expect(Buffer.from(await sandbox.files.read(path, { format: 'bytes' })).toString()).toBe('grün');
  expect(await (await sandbox.files.read(path, { format: 'blob' })).text()).toBe('grün');
  expect(await text(await sandbox.files.read(path, { format: 'stream' }))).toBe('grün');
});

test.each([
  ['text', () => 'content'],
  ['bytes', () => new TextEncoder().encode('content').buffer],
  ['a blob', () => new Blob(['content'])],
  ['a stream', () => new Blob(['content']).stream()],
])('write() takes %s', async (_form, content) => {
  const path = `${folder}/written`;
  await sandbox.files.write(path, content());
  expect(await sandbox.files.read(path)).toBe('content');
});

test.each([{ gzip: true }, { useOctetStream: true }, { useOctetStream: true, gzip: true }])(
  'write() and read() work with %o',
  async (options) => {
    const path = `${folder}/options`;
    const content = 'a line\n'.repeat(10_000);
    await sandbox.files.write(path, content, options);
    expect(await sandbox.files.read(path, options)).toBe(content);
  },
);

test('every byte comes through', async () => {
  const path = `${folder}/bytes`;
  const content = Uint8Array.from({ length: 70_000 }, (_, index) => (index * 7) % 256);
  await sandbox.files.write(path, content.buffer);
  expect(Buffer.compare(await sandbox.files.read(path, { format: 'bytes' }), content)).toBe(0);
});

test('an empty file is a file', async () => {
  await sandbox.files.write(`${folder}/empty`, '');
  expect(await sandbox.files.read(`${folder}/empty`)).toBe('');
});

test('write() makes the folders on the way, and replaces what was there', async () => {
  const path = `${folder}/new/folders/file`;
  await sandbox.files.write(path, 'the first, a longer one');
  await sandbox.files.write(path, 'second');
  expect(await sandbox.files.read(path)).toBe('second');
});

test('writeFiles() writes many at once', async () => {
  const files = ['a', 'b', 'sub/c'].map((name) => ({ path: `${folder}/many/${name}`, data: `of ${name}` }));
  const written = await sandbox.files.writeFiles(files);
  expect(written.map(({ path }) => path)).toStrictEqual(files.map(({ path }) => path));
  for (const { path, data } of files) expect(await sandbox.files.read(path)).toBe(data);
  expect(await sandbox.files.writeFiles([])).toStrictEqual([]);
});

test('metadata stays with the file until it is written again', async () => {
  const path = `${folder}/described`;
  const written = await sandbox.files.write(path, 'x', { metadata: { author: 'ada', purpose: 'test' } });
  expect(written.metadata).toStrictEqual({ author: 'ada', purpose: 'test' });
  expect((await sandbox.files.getInfo(path)).metadata).toStrictEqual({ author: 'ada', purpose: 'test' });
  await sandbox.files.write(path, 'y');
  expect((await sandbox.files.getInfo(path)).metadata ?? {}).toStrictEqual({});
});

test('read() of nothing is not found', async () => {
  await expect(sandbox.files.read(`${folder}/none`)).rejects.toThrow(FileNotFoundError);
});

test('read() of a folder, and write() to one, are refused', async () => {
  await expect(sandbox.files.read(folder)).rejects.toThrow('is a directory');
  await expect(sandbox.files.write(folder, 'x')).rejects.toThrow(InvalidArgumentError);
});

test('a file belongs to the user that writes it', async () => {
  const path = '/tmp/envd-e2b-client-of-daemon';
  try {
    await sandbox.files.write(path, 'x', { user: 'daemon' });
    expect(await sandbox.files.getInfo(path)).toMatchObject({ owner: 'daemon', group: 'daemon' });
  } finally {
    await sandbox.files.remove(path);
  }
});

test('getInfo() tells what there is to know', async () => {
  const path = `${folder}/info`;
  await sandbox.files.write(path, 'four');
  await sandbox.commands.run(`chmod 640 ${path}; ln -s info ${folder}/link`);
  expect(await sandbox.files.getInfo(path)).toMatchObject({
    name: 'info',
    path,
    type: 'file',
    size: 4,
    mode: 0o640,
    permissions: '-rw-r-----',
    owner: 'root',
    group: 'root',
    modifiedTime: expect.any(Date),
  });
  expect(await sandbox.files.getInfo(`${folder}/link`)).toMatchObject({
    name: 'link',
    type: 'file',
    symlinkTarget: path,
  });
  await expect(sandbox.files.getInfo(`${folder}/none`)).rejects.toThrow(NotFoundError);
});

test('makeDir() is true once, and makes the folders on the way', async () => {
  expect(await sandbox.files.makeDir(`${folder}/made/deep`)).toBe(true);
  expect(await sandbox.files.makeDir(`${folder}/made/deep`)).toBe(false);
  expect(await sandbox.files.getInfo(`${folder}/made/deep`)).toMatchObject({ type: 'dir' });
});

test('exists() is true and false', async () => {
  await sandbox.files.write(`${folder}/here`, '');
  expect(await sandbox.files.exists(`${folder}/here`)).toBe(true);
  expect(await sandbox.files.exists(`${folder}/not-here`)).toBe(false);
});

test('list() goes as deep as it is told', async () => {
  await sandbox.files.write(`${folder}/tree/a/b/c`, '');
  const names = async (depth?: number) =>
    (await sandbox.files.list(`${folder}/tree`, depth === undefined ? {} : { depth })).map(({ path }) =>
      path.slice(folder.length),
    );
  expect(await names()).toStrictEqual(['/tree/a']);
  expect(await names(2)).toStrictEqual(['/tree/a', '/tree/a/b']);
  expect(await names(3)).toStrictEqual(['/tree/a', '/tree/a/b', '/tree/a/b/c']);
});

test('list() of nothing is not found, of a file is refused', async () => {
  await sandbox.files.write(`${folder}/file`, '');
  await expect(sandbox.files.list(`${folder}/none`)).rejects.toThrow(NotFoundError);
  await expect(sandbox.files.list(`${folder}/file`)).rejects.toThrow('is not a directory');
});

test('rename() moves a file into folders that are not there yet', async () => {
  await sandbox.files.write(`${folder}/before`, 'moved');
  const moved = await sandbox.files.rename(`${folder}/before`, `${folder}/into/after`);
  expect(moved).toMatchObject({ name: 'after', path: `${folder}/into/after`, type: 'file' });
  expect(await sandbox.files.exists(`${folder}/before`)).toBe(false);
  expect(await sandbox.files.read(`${folder}/into/after`)).toBe('moved');
  await expect(sandbox.files.rename(`${folder}/before`, `${folder}/x`)).rejects.toThrow(NotFoundError);
});

test('remove() takes a folder with all in it, and does not mind when there is none', async () => {
  await sandbox.files.write(`${folder}/gone/a/b`, '');
  await sandbox.files.remove(`${folder}/gone`);
  expect(await sandbox.files.exists(`${folder}/gone`)).toBe(false);
  await sandbox.files.remove(`${folder}/gone`);
});
