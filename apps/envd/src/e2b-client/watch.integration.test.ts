import { type FilesystemEvent, FilesystemEventType, NotFoundError, type Sandbox } from 'e2b';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LocalSandbox, startLocalSandbox } from './local-sandbox.ts';

let local: LocalSandbox;
let sandbox: Sandbox;
let folder: string;
let events: FilesystemEvent[];
beforeAll(async () => {
  local = await startLocalSandbox();
  sandbox = local.sandbox;
});
afterAll(() => local[Symbol.asyncDispose]());
beforeEach(async () => {
  folder = `${local.folder}/${crypto.randomUUID()}`;
  await sandbox.files.makeDir(folder);
  events = [];
});
const keep = (event: FilesystemEvent) => void events.push(event);
const seen = async (name: string, type: FilesystemEventType) => {
  await expect.poll(() => events).toContainEqual(expect.objectContaining({ name, type }));
};

test('a write through the client to a file that is there is a write of that file', async () => {
  await sandbox.files.write(`${folder}/file`, 'old');
  const handle = await sandbox.files.watchDir(folder, keep);
  await sandbox.files.write(`${folder}/file`, 'new');
  await seen('file', FilesystemEventType.WRITE);
  expect(events.map(({ name }) => name)).not.toContainEqual(expect.stringContaining('upload'));
  await handle.stop();
});

test('a write through the client of a new file is its creation, then a write', async () => {
  const handle = await sandbox.files.watchDir(folder, keep);
  await sandbox.files.write(`${folder}/fresh`, 'new');
  await seen('fresh', FilesystemEventType.WRITE);
  const types = events.filter(({ name }) => name === 'fresh').map(({ type }) => type);
  expect(types.slice(0, 2)).toStrictEqual([FilesystemEventType.CREATE, FilesystemEventType.WRITE]);
  await handle.stop();
});

test('every kind of change is told', async () => {
  const handle = await sandbox.files.watchDir(folder, keep);
  await sandbox.commands.run('echo x >a; chmod 600 a; mv a b; rm b', { cwd: folder });
  await seen('a', FilesystemEventType.CREATE);
  await seen('a', FilesystemEventType.WRITE);
  await seen('a', FilesystemEventType.CHMOD);
  await seen('a', FilesystemEventType.RENAME);
  await seen('b', FilesystemEventType.CREATE);
  await seen('b', FilesystemEventType.REMOVE);
  await handle.stop();
});

test('folders made later are watched too when that was asked for', async () => {
  const handle = await sandbox.files.watchDir(folder, keep, { recursive: true });
  await sandbox.files.write(`${folder}/sub/deeper/file`, 'x');
  await seen('sub', FilesystemEventType.CREATE);
  await seen('sub/deeper/file', FilesystemEventType.CREATE);
  await sandbox.files.write(`${folder}/sub/deeper/file`, 'y');
  await seen('sub/deeper/file', FilesystemEventType.WRITE);
  await handle.stop();
});

test('an event carries the entry when that was asked for', async () => {
  const handle = await sandbox.files.watchDir(folder, keep, { includeEntry: true });
  await sandbox.files.write(`${folder}/file`, 'four');
  await expect
    .poll(() => events.map(({ entry }) => entry))
    .toContainEqual(expect.objectContaining({ name: 'file', path: `${folder}/file`, size: 4 }));
  await handle.stop();
});

test('what is not a folder cannot be watched', async () => {
  await sandbox.files.write(`${folder}/file`, '');
  await expect(sandbox.files.watchDir(`${folder}/none`, keep)).rejects.toThrow(NotFoundError);
  await expect(sandbox.files.watchDir(`${folder}/file`, keep)).rejects.toThrow('is not a directory');
});

test('stop() ends the watch, and its end is told', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const handle = await sandbox.files.watchDir(folder, keep, { onExit: () => resolve() });
  await handle.stop();
  await promise;
  await sandbox.files.write(`${folder}/file`, '');
  expect(events).toStrictEqual([]);
});
