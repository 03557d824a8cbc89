import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleId, newId } from '@wrenn/core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { FakeFirecrackerAgent } from '../engine/testing/fake-firecracker-agent.ts';
import { requireRunning } from './capsules.ts';
import { deleteImage } from './delete-image.ts';
import { destroyCapsule } from './destroy-capsule.ts';
import { makeImage } from './make-image.ts';
import { pauseCapsule } from './pause-capsule.ts';
import { recoverCapsules } from './recover-capsules.ts';
import { deleteSnapshot, snapshotCapsule } from './snapshot-capsule.ts';

const never = new AbortController().signal;
const drive = '/tmp/fc-vm/rootfs';

let agent: FakeFirecrackerAgent;
beforeAll(async () => {
  agent = await FakeFirecrackerAgent.open();
}, 60_000);
afterAll(() => agent[Symbol.asyncDispose]());
afterEach(() => {
  agent.guests.calls.length = 0;
  agent.guests.refusals.clear();
});

const inAgent = (name: string) => join(agent.host.directory, 'agent', name);
const images = () => readdir(inAgent('root-images'));
const booted = async () => (await readdir(inAgent('templates'))).filter((name) => name.startsWith('img-'));
const disks = async () => await readdir(agent.context.snapshots.paths.disks);

async function write(id: CapsuleId, text: string): Promise<void> {
  using guest = await agent.control(id);
  await guest.writeDrive(drive, 4096, Buffer.from(text));
}
const contentOf = async (path: string) => (await readFile(path)).toString('latin1', 4096, 4096 + 6);
const destroy = (id: CapsuleId) => destroyCapsule(agent.context, id, never);
const make = (id: CapsuleId, image = newId('image')) => makeImage(agent.context, id, image, never);

it('an image has what the capsule had on its disk when it was made, and the capsule goes on', async () => {
  const id = await agent.create();
  await write(id, 'before');
  const { image } = await make(id);
  await write(id, 'after!');
  expect(await contentOf(image.path)).toBe('before');
  expect(await stat(image.path)).toMatchObject({ uid: 0, gid: 0 });
  expect((await stat(image.path)).mode & 0o777).toBe(0o444);
  const around = ['/snapshot/prepare', '/snapshot/sync', '/snapshot/continue'];
  expect(agent.guests.calls.slice(-3)).toEqual(around);
  expect(requireRunning(agent.context, id).record.snapshot).toBeUndefined();
  await destroy(id);
  expect(await disks()).toEqual([]);
  await deleteImage(agent.context, image.id);
  expect(await images()).toEqual([]);
});

it('asked for twice, it is made once', async () => {
  const id = await agent.create();
  const { image } = await make(id);
  await write(id, 'later!');
  expect((await make(id, image.id)).image).toBe(image);
  expect(await images()).toEqual([image.id]);
  await destroy(id);
  await deleteImage(agent.context, image.id);
});

it('the same content has the same hash, and other content another', async () => {
  const id = await agent.create();
  await write(id, 'first!');
  const [one, same] = [await make(id), await make(id)];
  await write(id, 'second');
  const other = await make(id);
  expect(same.image.hash).toBe(one.image.hash);
  expect(other.image.hash).not.toBe(one.image.hash);
  await destroy(id);
  for (const { image } of [one, same, other]) await deleteImage(agent.context, image.id);
});

it('a guest that cannot write its disk back goes on, and there is no image', async () => {
  const id = await agent.create();
  agent.guests.refusals.set('/snapshot/sync', 500);
  await expect(make(id)).rejects.toMatchObject({ code: 'agent_error' });
  agent.guests.refusals.set('/snapshot/sync', 404);
  await expect(make(id)).rejects.toMatchObject({ code: 'invalid_state' });
  expect(agent.guests.calls.at(-1)).toBe('/snapshot/continue');
  expect(await images()).toEqual([]);
  await write(id, 'goes on');
  await destroy(id);
  expect(await disks()).toEqual([]);
});

it('one of a capsule that is not here, or is paused, is refused', async () => {
  await expect(make(newId('capsule'))).rejects.toMatchObject({ code: 'not_found' });
  const id = await agent.create();
  await pauseCapsule(agent.context, id, 'caller', never);
  await expect(make(id)).rejects.toMatchObject({ code: 'invalid_state' });
  expect(await images()).toEqual([]);
  await destroy(id);
});

it('a capsule can be started from it until it is deleted, and what lies on it keeps it', async () => {
  const id = await agent.create();
  const { image } = await make(id);
  const key = await agent.pretendBooted(image);
  const made = await agent.create({ imageId: image.id });
  expect(requireRunning(agent.context, made).record.templateKey).toBe(key);
  const snapshotId = newId('snapshot');
  await snapshotCapsule(agent.context, made, snapshotId, never);

  await deleteImage(agent.context, image.id);
  await expect(agent.create({ imageId: image.id })).rejects.toMatchObject({ code: 'not_found' });
  expect(agent.context.rootImages.listed()).toEqual([]);
  await destroy(made);
  const copy = await agent.create({ snapshotId });
  await deleteSnapshot(agent.context, snapshotId);
  expect([await images(), await booted()]).toEqual([[image.id], [key]]);
  await destroy(copy);
  expect([await images(), await booted()]).toEqual([[], []]);
  await destroy(id);
});

it('an agent that was killed while it made one leaves nothing of it, and the capsule goes on', async () => {
  const id = await agent.create();
  const capsule = requireRunning(agent.context, id);
  const imageId = newId('image');
  await agent.context.rootImages.begin(imageId);
  await agent.context.journal.write(id, { ...capsule.record, snapshot: imageId });
  await capsule.machine.stop(never);
  await agent.restart();
  await recoverCapsules(agent.context, never);
  expect(await requireRunning(agent.context, id).machine.isRunning(never)).toBe(true);
  expect(await images()).toEqual([]);
  const { image } = await make(id, imageId);
  await destroy(id);
  await deleteImage(agent.context, image.id);
});

it('the next agent has the images, and removes those that were deleted and that nothing lies on any more', async () => {
  const id = await agent.create();
  const [kept, held] = [await make(id), await make(id)];
  const key = await agent.pretendBooted(held.image);
  await agent.pretendBooted(kept.image);
  const made = await agent.create({ imageId: held.image.id });
  await deleteImage(agent.context, held.image.id);
  await agent.restart();
  await recoverCapsules(agent.context, never);
  expect((await images()).toSorted()).toEqual([kept.image.id, held.image.id].toSorted());
  expect(await booted()).toContain(key);
  await agent.context.journal.write(made, {
    ...requireRunning(agent.context, made).record,
    phase: 'destroying',
  });
  await agent.restart();
  await recoverCapsules(agent.context, never);
  expect(await images()).toEqual([kept.image.id]);
  await destroy(id);
  await deleteImage(agent.context, kept.image.id);
  expect([await images(), await booted()]).toEqual([[], []]);
});
