import { mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { newId } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../engine/engine.ts';
import { asDiskId, type DiskId } from './snapshot-store.ts';
import { never, StoreFixture, traits } from './testing/store-fixture.ts';

let fixture: StoreFixture;
const noDisks = { disks: new Set<DiskId>() };

beforeEach(async () => {
  fixture = await StoreFixture.make(1);
});
afterEach(() => fixture[Symbol.asyncDispose]());

/** A snapshot, a draft, what a removal left, a layer and a disk that nobody wants after a start of the agent. */
async function makeGarbage(): Promise<void> {
  const guest = await fixture.boot();
  guest.write(1);
  await fixture.capture(guest, undefined);
  const { paths } = fixture.store;
  for (const name of ['.draft-snp-a', '.removed-snp-b']) {
    await mkdir(join(paths.directory, name));
    await writeFile(join(paths.directory, name, 'device-state'), Buffer.alloc(10 * pageBytes, 1));
  }
  await writeFile(paths.layer('a'.repeat(32)), Buffer.alloc(pageBytes, 1));
  await writeFile(paths.disk(asDiskId('b'.repeat(32))), Buffer.alloc(3 * pageBytes, 1));
  await fixture.reopen();
}

describe('collect', { timeout: 60_000 }, () => {
  it('says in a dry run what it would remove, and removes nothing', async () => {
    await makeGarbage();
    const before = await fixture.left();
    const would = await fixture.store.collect(noDisks, 'dry_run');
    expect(would.map(({ kind }) => kind).toSorted()).toEqual(
      ['snapshot', 'draft', 'draft', 'layer', 'layer', 'disk'].toSorted(),
    );
    expect(await fixture.left()).toEqual(before);
    expect(await fixture.store.collect(noDisks, 'remove')).toEqual(would);
    expect(await fixture.left()).toEqual([]);
    expect(await fixture.store.collect(noDisks, 'remove')).toEqual([]);
  });

  it('counts what is in a folder', async () => {
    await makeGarbage();
    const found = await fixture.store.collect(noDisks, 'dry_run');
    const bytes = new Map(found.map((each) => [basename(each.path), each.bytes]));
    expect(bytes.get('.draft-snp-a')).toBeGreaterThanOrEqual(10 * pageBytes);
    expect(bytes.get(`${'a'.repeat(32)}.memory`)).toBe(pageBytes);
    expect(bytes.get(`${'b'.repeat(32)}.qcow2`)).toBe(3 * pageBytes);
  });

  it('leaves disks in use, and those that are being made', async () => {
    const inUse = asDiskId('c'.repeat(32));
    const made = fixture.store.newDisk();
    await writeFile(fixture.store.diskPath(inUse), '');
    await writeFile(made.path, '');
    expect(await fixture.store.collect({ disks: new Set([inUse]) }, 'remove')).toEqual([]);
    await fixture.store.discardDisk(made.id);
    await expect(stat(made.path)).rejects.toThrow('ENOENT');
    expect(await fixture.store.collect(noDisks, 'remove')).toMatchObject([{ kind: 'disk' }]);
  });

  it('leaves a draft with its layer, and a snapshot that was published and is not held yet', async () => {
    const guest = await fixture.boot();
    guest.write(1);
    await using draft = await fixture.store.begin(newId('snapshot'));
    expect(await fixture.store.collect(noDisks, 'remove')).toEqual([]);
    await draft.writeMemory({ runs: guest.writtenPages(), unwritten: 'base' }, undefined, 1, never);
    expect(await fixture.store.collect(noDisks, 'remove')).toEqual([]);
    await draft.writeDeviceState(await fixture.deviceState());
    const { snapshot } = await draft.publish(fixture.facts(), [], never);
    expect(await fixture.store.collect(noDisks, 'remove')).toEqual([]);
    await fixture.store.check(snapshot, traits, never);
  });

  it('takes nothing from operations that run at the same time', async () => {
    await makeGarbage();
    let isOver = false;
    const collecting = (async () => {
      while (!isOver) await fixture.store.collect(noDisks, 'remove');
    })();
    const guest = await fixture.boot();
    let parent = await fixture.capture(guest, undefined);
    let hold = fixture.store.hold(parent.id);
    for (let generation = 0; generation < 12; generation++) {
      guest.write(generation);
      guest.zero(generation + 20);
      const next = await fixture.capture(guest, parent);
      const nextHold = fixture.store.hold(next.id);
      await hold.release();
      await fixture.store.check(next, traits, never);
      [parent, hold] = [next, nextHold];
    }
    isOver = true;
    await collecting;
    await hold.release();
    expect(await fixture.left()).toEqual([]);
  });

  it('finishes a removal that was broken off, and takes no half of a folder for a snapshot', async () => {
    const guest = await fixture.boot();
    guest.write(1);
    const snapshot = await fixture.capture(guest, undefined);
    const hold = fixture.store.hold(snapshot.id);
    const { paths } = fixture.store;
    // What an earlier removal of the same snapshot left must not be in the way of the next.
    await mkdir(join(paths.directory, `.removed-${snapshot.id}`, 'left'), { recursive: true });
    await hold.release();
    expect(await fixture.left()).toEqual([`.removed-${snapshot.id}`, `.removed-${snapshot.id}/left`]);
    await fixture.reopen();
    await fixture.store.collect(noDisks, 'remove');
    expect(await fixture.left()).toEqual([]);
  });
});

describe('while a manifest cannot be read', { timeout: 60_000 }, () => {
  it.each([
    ['half a manifest', '{"version":1'],
    ['the manifest of a later version', '{"version":2}'],
  ])('(%s) no part, folder or template goes, by a collection or by a release', async (_what, text) => {
    const guest = await fixture.boot();
    guest.write(1);
    const broken = await fixture.capture(guest, undefined);
    guest.write(2);
    const other = await fixture.capture(guest, broken);
    fixture.store.hold(other.id);
    await writeFile(join(broken.directory, 'manifest.json'), text);
    await fixture.reopen();
    const { store } = fixture;
    const [layers, disk] = [await readdir(store.paths.layers), asDiskId('d'.repeat(32))];
    await writeFile(store.diskPath(disk), '');
    expect(layers).toHaveLength(2);

    await store.hold(other.id).release();
    await store.discardDisk(disk);
    await store.collect(noDisks, 'remove');
    expect(await readdir(store.paths.layers)).toEqual(layers);
    expect(await readdir(store.paths.disks)).toEqual([basename(store.diskPath(disk))]);
    expect(await readdir(broken.directory)).toHaveLength(3);
    expect(store.templateKeys()).toContain(basename(fixture.templateDirectory));
    expect(store.find(broken.id)).toBeUndefined();

    const made = store.newDisk();
    await writeFile(made.path, '');
    await store.discardDisk(made.id);
    await expect(stat(made.path)).rejects.toThrow('ENOENT');
  });
});

describe('a snapshot', { timeout: 60_000 }, () => {
  it('is let go of once by each who holds it, however often that is said', async () => {
    const snapshot = await fixture.capture(await fixture.boot(), undefined);
    const [one, other] = [fixture.store.hold(snapshot.id), fixture.store.hold(snapshot.id)];
    await one.release();
    await one.release();
    expect(fixture.store.find(snapshot.id)).toBe(snapshot);
    await other.release();
    expect(await fixture.left()).toEqual([]);
    await other.release();
  });

  it('that is being listed stays, though all others let go of it', async () => {
    const snapshot = await fixture.capture(await fixture.boot(), undefined);
    const hold = fixture.store.hold(snapshot.id);
    await Promise.all([fixture.store.list(snapshot.id), hold.release()]);
    await fixture.reopen();
    expect(fixture.store.listed()).toEqual([snapshot]);
    await fixture.store.check(snapshot, traits, never);
  });

  it('that a start of the agent found may be let go of and held again until it collects', async () => {
    const snapshot = await fixture.capture(await fixture.boot(), undefined);
    await fixture.reopen();
    await fixture.store.hold(snapshot.id).release();
    const hold = fixture.store.hold(snapshot.id);
    expect(await fixture.store.collect(noDisks, 'remove')).toEqual([]);
    await fixture.store.check(snapshot, traits, never);
    await hold.release();
    expect(await fixture.left()).toEqual([]);
  });

  it('that is unlisted twice at once is gone', async () => {
    const snapshot = await fixture.capture(await fixture.boot(), undefined);
    await fixture.store.list(snapshot.id);
    await Promise.all([fixture.store.unlist(snapshot.id), fixture.store.unlist(snapshot.id)]);
    expect(await fixture.left()).toEqual([]);
  });

  it('of which there is an alias leaves it all that it needs', async () => {
    const guest = await fixture.boot();
    guest.write(1);
    const snapshot = await fixture.capture(guest, undefined);
    const hold = fixture.store.hold(snapshot.id);
    const alias = await fixture.store.alias(snapshot, newId('snapshot'));
    fixture.store.hold(alias.id);
    await hold.release();
    await fixture.store.check(alias, traits, never);
  });
});
