import { chmod, chown, open, rm, stat } from 'node:fs/promises';
import { newId } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DiskId } from './snapshot-store.ts';
import type { SimulatedGuest } from './testing/simulated-guest.ts';
import { never, StoreFixture, traits } from './testing/store-fixture.ts';

/** Of a machine's user. */
const uid = 54321;

let fixture: StoreFixture;
let guest: SimulatedGuest;
let disk: { readonly id: DiskId; readonly path: string };

beforeEach(async () => {
  fixture = await StoreFixture.make(1);
  guest = await fixture.boot();
  disk = fixture.store.newDisk();
  await using file = await open(disk.path, 'wx', 0o600);
  await file.write('written by the guest');
  await chown(disk.path, uid, uid);
  await chmod(disk.path, 0o640);
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function looks(path: string) {
  const { uid: owner, gid, mode } = await stat(path);
  return { owner, gid, mode: mode & 0o777 };
}

describe('a disk', () => {
  it('is sealed by the snapshot that it becomes part of, and goes with it', async () => {
    const snapshot = await fixture.capture(guest, undefined, [disk.id]);
    expect(await looks(disk.path)).toEqual({ owner: 0, gid: 0, mode: 0o444 });
    const hold = fixture.store.hold(snapshot.id);
    await fixture.store.discardDisk(disk.id);
    await fixture.store.check(snapshot, traits, never);
    await hold.release();
    expect(await fixture.left()).toEqual([]);
  });

  it('is its machine’s again when nothing came of the snapshot, and can be sealed later', async () => {
    {
      await using draft = await fixture.store.begin(newId('snapshot'));
      await draft.writeMemory({ runs: guest.writtenPages(), unwritten: 'base' }, undefined, 1, never);
      // Without its device state it cannot be published.
      await expect(draft.publish(fixture.facts(), [disk.id], never)).rejects.toThrow('ENOENT');
    }
    expect(await looks(disk.path)).toEqual({ owner: uid, gid: uid, mode: 0o640 });
    const snapshot = await fixture.capture(guest, undefined, [disk.id]);
    await fixture.store.check(snapshot, traits, never);
  });

  it('stays sealed when a later snapshot of it fails', async () => {
    const first = await fixture.capture(guest, undefined, [disk.id]);
    fixture.store.hold(first.id);
    {
      await using draft = await fixture.store.begin(newId('snapshot'));
      await draft.writeMemory({ runs: guest.writtenPages(), unwritten: 'base' }, first, 1, never);
      await expect(draft.publish(fixture.facts(), [disk.id], never)).rejects.toThrow('ENOENT');
    }
    expect(await looks(disk.path)).toEqual({ owner: 0, gid: 0, mode: 0o444 });
    await fixture.store.check(first, traits, never);
  });

  it('that is missing or altered has its snapshot refused', async () => {
    const snapshot = await fixture.capture(guest, undefined, [disk.id]);
    fixture.store.hold(snapshot.id);
    await using file = await open(disk.path, 'r+');
    await file.write('W', 0);
    await expect(fixture.store.check(snapshot, traits, never)).rejects.toThrow(disk.path);
    await rm(disk.path);
    await expect(fixture.store.check(snapshot, traits, never)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining(`disk ${disk.path}: it is missing`),
    });
  });
});
