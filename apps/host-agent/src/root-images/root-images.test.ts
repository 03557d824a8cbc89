import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { RootImages } from './root-images.ts';

const never = new AbortController().signal;
const log = createLogger('test', 'silent');
const free = async () => true;

let directory: string;
let images: RootImages;
const open = async () => {
  images = await RootImages.open(directory, log);
};
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'root-images-'));
  await open();
});
afterEach(() => rm(directory, { recursive: true }));

async function make(id = newId('image')) {
  await using draft = await images.begin(id);
  await writeFile(draft.disk, Buffer.alloc(1 << 20, id));
  return await draft.publish(never);
}

it('an image is there after a restart as it was before', async () => {
  const image = await make();
  await open();
  expect(images.listed()).toEqual([image]);
  expect(images.stateOf(image.id)).toBe('listed');
});

it('a draft that is given up leaves nothing, and can be begun again', async () => {
  const id = newId('image');
  {
    await using draft = await images.begin(id);
    await writeFile(draft.disk, 'half');
    await expect(images.begin(id)).rejects.toMatchObject({ code: 'conflict' });
  }
  expect(await readdir(directory)).toEqual([]);
  await make(id);
  await expect(images.begin(id)).rejects.toMatchObject({ code: 'conflict' });
});

it('what is called off is not published', async () => {
  await using draft = await images.begin(newId('image'));
  await writeFile(draft.disk, Buffer.alloc(1 << 20, 'x'));
  await expect(draft.publish(AbortSignal.abort(new Error('called off')))).rejects.toThrow('called off');
  expect(images.listed()).toEqual([]);
});

it('what an agent left half made or half removed is gone after the next start', async () => {
  for (const name of ['.draft-img-1', '.removed-img-2']) await mkdir(join(directory, name));
  await writeFile(join(directory, '.draft-img-1', 'rootfs.ext4'), 'half');
  await open();
  expect(await readdir(directory)).toEqual([]);
});

it('a deleted image cannot be started from, and stays while it is held or something lies on it', async () => {
  const { id } = await make();
  const hold = images.hold(id);
  await images.delete(id);
  expect(() => images.hold(id)).toThrow(expect.objectContaining({ code: 'not_found' }));
  await images.collect(free);
  expect(images.find(id)).toBeDefined();
  hold[Symbol.dispose]();
  await images.collect(async () => false);
  expect(images.find(id)).toBeDefined();
  await images.collect(free);
  expect(images.find(id)).toBeUndefined();
  expect(await readdir(directory)).toEqual([]);
});

it('that an image is deleted outlives the agent', async () => {
  const { id } = await make();
  await images.delete(id);
  await open();
  expect(images.listed()).toEqual([]);
  expect(images.stateOf(id)).toBe('deleted');
});

it('an image that nobody deleted stays whatever is collected', async () => {
  const image = await make();
  await images.collect(free);
  expect(images.listed()).toEqual([image]);
});

it('deleting one that is not there is no fault', async () => {
  await images.delete(newId('image'));
});

it('one that cannot be read is left for a person to mend', async () => {
  const { id } = await make();
  await writeFile(join(directory, id, 'manifest.json'), '{');
  await open();
  expect(images.stateOf(id)).toBe('unreadable');
  expect(images.listed()).toEqual([]);
  await images.collect(free);
  expect(await readdir(directory)).toEqual([id]);
});
