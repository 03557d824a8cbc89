import { readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleId, newId, until } from '@wrenn/core';
import { processesNaming } from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { inPlace } from '../engine/firecracker/place.ts';
import { FakeFirecrackerAgent } from '../engine/testing/fake-firecracker-agent.ts';
import { pageServerOf } from '../engine/testing/fake-firecracker-host.ts';
import type { FailedCapsule } from './capsule.ts';
import { requireRunning } from './capsules.ts';
import { destroyCapsule } from './destroy-capsule.ts';
import { forkCapsule } from './fork-capsule.ts';
import { pauseCapsule } from './pause-capsule.ts';
import { recoverCapsules } from './recover-capsules.ts';
import { resumeCapsule } from './resume-capsule.ts';
import { deleteSnapshot, snapshotCapsule } from './snapshot-capsule.ts';

const never = new AbortController().signal;
const page = 4096;
const drive = '/tmp/fc-vm/rootfs';

let agent: FakeFirecrackerAgent;
beforeAll(async () => {
  agent = await FakeFirecrackerAgent.open();
}, 60_000);
afterAll(() => agent[Symbol.asyncDispose]());

async function write(id: CapsuleId, offset: number, text: string): Promise<void> {
  using guest = await agent.control(id);
  await guest.write(offset, Buffer.from(text));
  await guest.writeDrive(drive, offset % (512 * 1024), Buffer.from(text));
}

/** What memory and disk have at the same place. */
async function read(id: CapsuleId, offset: number, length: number): Promise<string> {
  using guest = await agent.control(id);
  const memory = (await guest.read(offset, length)).toString();
  expect((await guest.readDrive(drive, offset % (512 * 1024), length)).toString()).toBe(memory);
  return memory;
}

const pause = (id: CapsuleId) => pauseCapsule(agent.context, id, 'caller', never);
const resume = (id: CapsuleId) => resumeCapsule(agent.context, id, {}, never);

async function destroy(...ids: readonly CapsuleId[]): Promise<void> {
  for (const id of ids) await destroyCapsule(agent.context, id, never);
}

/** The capsule, once it is known that its machine is gone. */
function failedCapsule(id: CapsuleId): Promise<FailedCapsule> {
  const isFailed = async () => {
    const capsule = agent.context.capsules.get(id);
    return capsule?.kind === 'failed' ? capsule : undefined;
  };
  return until(isFailed, 20, AbortSignal.timeout(20_000));
}

/** Processes, disks, layers and directories of capsules. */
async function left(): Promise<string[]> {
  const { paths } = agent.context.snapshots;
  return [
    ...(await readdir(paths.disks)),
    ...(await readdir(paths.layers)),
    ...(await readdir(join(agent.host.directory, 'agent/capsules'))),
    ...(await processesNaming(agent.host.directory)),
  ];
}

describe("a capsule in Firecracker's engine, on a fake Firecracker", () => {
  it('has its memory and its disk after each of twelve pauses, more than layers are kept for', async () => {
    const id = await agent.create();
    for (let generation = 1; generation <= 12; generation++) {
      await write(id, generation * page, `generation ${generation}`);
      await pause(id);
      await resume(id);
      for (let old = 1; old <= generation; old++)
        expect(await read(id, old * page, 12)).toBe(`generation ${old}`.slice(0, 12));
    }
    await destroy(id);
    expect(await left()).toEqual([]);
  });

  it('goes on while it is copied, and each copy has what was there at its moment', async () => {
    const id = await agent.create();
    await write(id, page, 'before');
    const snapshotId = newId('snapshot');
    await snapshotCapsule(agent.context, id, snapshotId, never);
    await write(id, page, 'after!');
    const child = newId('capsule');
    const { children } = await forkCapsule(agent.context, id, [{ capsuleId: child, timeoutSec: 0 }], never);
    expect(children.map(({ kind }) => kind)).toEqual(['started']);
    await write(id, page, 'parent');
    expect(await read(child, page, 6)).toBe('after!');
    await write(child, page, 'child!');
    expect(await read(id, page, 6)).toBe('parent');
    await pause(child);
    await resume(child);
    expect(await read(child, page, 6)).toBe('child!');
    await pause(id);
    await resume(id);
    expect(await read(id, page, 6)).toBe('parent');
    await destroy(id, child);
    await deleteSnapshot(agent.context, snapshotId);
    expect(await left()).toEqual([]);
  });

  it('keeps its default folder over pauses, its copies have it too, and one that is made without it has none', async () => {
    const folders = () =>
      agent.guests.inits.splice(0).map((init) => Reflect.get(Object(init), 'defaultWorkdir'));
    folders();
    const id = await agent.create({ defaultWorkdir: '/srv/app' });
    await pause(id);
    await resume(id);
    const child = newId('capsule');
    await forkCapsule(agent.context, id, [{ capsuleId: child, timeoutSec: 0 }], never);
    const snapshotId = newId('snapshot');
    await snapshotCapsule(agent.context, child, snapshotId, never);
    const clone = await agent.create({ defaultWorkdir: '/srv/app', snapshotId });
    expect(folders()).toEqual(['/srv/app', '/srv/app', '/srv/app', '/srv/app']);
    const without = await agent.create({ snapshotId });
    const plain = await agent.create();
    await pause(plain);
    await resume(plain);
    expect(folders()).toEqual(['', undefined, undefined]);
    await destroy(id, child, clone, without, plain);
    await deleteSnapshot(agent.context, snapshotId);
    expect(await left()).toEqual([]);
  });

  it('goes on after a pause that Firecracker could not do, and loses nothing by it', async () => {
    const id = await agent.create();
    await write(id, page, 'written');
    using guest = await agent.control(id);
    await guest.failNextCreate('no space left on device');
    await expect(pause(id)).rejects.toMatchObject({ message: expect.stringContaining('no space left') });
    expect(requireRunning(agent.context, id).record.phase).toBe('running');
    await write(id, 2 * page, 'since');
    await pause(id);
    await resume(id);
    expect(await read(id, page, 7)).toBe('written');
    expect(await read(id, 2 * page, 5)).toBe('since');
    await destroy(id);
    expect(await left()).toEqual([]);
  });

  it('is in error with the cause when its page server fails, and what it was resumed from stays', async () => {
    const id = await agent.create();
    await write(id, page, 'kept');
    const snapshotId = newId('snapshot');
    await snapshotCapsule(agent.context, id, snapshotId, never);
    await pause(id);
    await resume(id);
    const { machine } = requireRunning(agent.context, id);
    process.kill(pageServerOf(machine).pid, 'SIGKILL');
    const failed = await failedCapsule(id);
    expect(failed.record.metadata['failure']).toContain('its virtual machine ended by itself');
    expect(agent.context.snapshots.find(snapshotId)).toBeDefined();
    await destroy(id);
    await deleteSnapshot(agent.context, snapshotId);
    expect(await left()).toEqual([]);
  });

  it('is settled when its machine has died, also where the words it left cannot be read', async () => {
    const id = await agent.create();
    const log = inPlace(agent.context.journal.machineDirectoryOf(id), 'said');
    await rm(log);
    await symlink('/etc/hostname', log);
    await requireRunning(agent.context, id).machine.kill();
    const failed = await failedCapsule(id);
    expect(failed.record.metadata['failure']).toContain('cannot be read');
    await destroy(id);
    expect(await left()).toEqual([]);
  });

  it('outlives its agent, running or paused', async () => {
    const [running, resumed, paused] = [await agent.create(), await agent.create(), await agent.create()];
    for (const id of [running, resumed, paused]) await write(id, page, `of ${id.slice(-4)}`);
    await pause(resumed);
    await resume(resumed);
    await write(resumed, 3 * page, 'later');
    await pause(paused);
    await agent.restart();
    const recovery = await recoverCapsules(agent.context, never);
    expect(recovery.adopted.toSorted()).toEqual([running, resumed].toSorted());
    expect(recovery.paused).toEqual([paused]);
    await resume(paused);
    for (const id of [running, resumed]) {
      await pause(id);
      await resume(id);
    }
    for (const id of [running, resumed, paused]) expect(await read(id, page, 7)).toBe(`of ${id.slice(-4)}`);
    expect(await read(resumed, 3 * page, 5)).toBe('later');
    await destroy(running, resumed, paused);
    expect(await left()).toEqual([]);
  });
});
