import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  booted,
  files,
  loading,
  memoryBytes,
  never,
  page,
  place,
  rangesOf,
  start,
  template,
  useFakeBuilds,
} from '../testing/fake-host.ts';

useFakeBuilds();

it('writes all of the memory in a Full, and in a Diff what was written since', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'full'), snapshot_type: 'Full' }, never);
  const full = await readFile(join(directory, 'full-memory'));
  expect(full.length).toBe(memoryBytes);
  expect(full.subarray(1 << 20, (1 << 20) + 6).toString()).toBe('kernel');

  await api.setVm('Resumed', never);
  await guest.write(3 * page + 100, Buffer.alloc(page, 'a'));
  await guest.write(70 << 20, Buffer.from('b'));
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'diff'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'diff-memory'))).toEqual([
    { offset: 3 * page, length: 2 * page },
    { offset: 70 << 20, length: page },
  ]);
  expect((await stat(join(directory, 'diff-memory'))).size).toBe(memoryBytes);

  await api.createSnapshot({ ...files(directory, 'nothing'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'nothing-memory'))).toEqual([]);
});

it('has the pages in the next Diff that one which failed did not save', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'full'), snapshot_type: 'Full' }, never);
  await guest.write(5 * page, Buffer.from('x'));
  await guest.failNextCreate('No space left on device');
  const failing = api.createSnapshot({ ...files(directory, 'failed'), snapshot_type: 'Diff' }, never);
  await expect(failing).rejects.toThrow('Create snapshot error: No space left on device');
  await api.createSnapshot({ ...files(directory, 'diff'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'diff-memory'))).toEqual([{ offset: 5 * page, length: page }]);
});

it('lays a Diff over a file that is there already', async () => {
  const directory = await place();
  const { api, guest } = await booted(directory);
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'kept'), snapshot_type: 'Full' }, never);
  await guest.write(9 * page, Buffer.from('later'));
  await api.createSnapshot({ ...files(directory, 'kept'), snapshot_type: 'Diff' }, never);
  const kept = await readFile(join(directory, 'kept-memory'));
  expect(kept.subarray(9 * page, 9 * page + 5).toString()).toBe('later');
  expect(kept.subarray(0, 5).toString()).toBe('quiet');
});

it('has the memory of a snapshot when it is loaded, and never writes its file', async () => {
  const directory = await place();
  const sum = await template(directory);
  const { api, guest } = await start(directory);
  await api.loadSnapshot(loading(directory), never);
  await expect(api.describe(never)).resolves.toMatchObject({ state: 'Paused' });
  await api.putMmds({ name: 'b' }, never);
  await api.setVm('Resumed', never);
  expect(await guest.sum()).toBe(sum);
  expect((await guest.read(70 << 20, 15)).toString()).toBe('of the template');

  const before = await readFile(join(directory, 'base-memory'));
  await guest.touchAll({ mode: 'write', threads: 4, order: 'random', every: 16 });
  await api.setVm('Paused', never);
  await api.createSnapshot({ ...files(directory, 'diff'), snapshot_type: 'Diff' }, never);
  expect(await rangesOf(join(directory, 'diff-memory'))).toHaveLength(memoryBytes / page / 16);
  expect((await readFile(join(directory, 'base-memory'))).equals(before)).toBe(true);
});

it('loads no snapshot of another version, and ends', async () => {
  const directory = await place();
  await template(directory);
  const { api, exited } = await start(directory, '1.17.0');
  await expect(api.loadSnapshot(loading(directory), never)).rejects.toThrow(
    'the snapshot is of version 1.16.2',
  );
  expect(await exited).toEqual([1, null]);
});

it('loads no snapshot whose disk is gone', async () => {
  const directory = await place();
  await template(directory);
  await rm(join(directory, 'rootfs'));
  const { api } = await start(directory);
  await expect(api.loadSnapshot(loading(directory), never)).rejects.toThrow('ENOENT');
});

it('loads no snapshot whose memory file is too short', async () => {
  const directory = await place();
  await template(directory);
  await writeFile(join(directory, 'base-memory'), Buffer.alloc(page));
  const { api } = await start(directory);
  await expect(api.loadSnapshot(loading(directory), never)).rejects.toThrow('not 80 MiB');
});
