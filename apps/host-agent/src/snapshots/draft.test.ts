import { mkdirSync } from 'node:fs';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newId } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Draft, type Surroundings } from './draft.ts';
import { InProgress } from './in-progress.ts';
import type { StorePaths } from './paths.ts';
import type { Snapshot } from './snapshot-store.ts';
import type { SimulatedGuest } from './testing/simulated-guest.ts';
import { never, StoreFixture, traits } from './testing/store-fixture.ts';

let fixture: StoreFixture;
let guest: SimulatedGuest;

beforeEach(async () => {
  fixture = await StoreFixture.make(1);
  guest = await fixture.boot();
  guest.write(1);
});
afterEach(() => fixture[Symbol.asyncDispose]());

describe('a draft that is given up leaves nothing', { timeout: 60_000 }, () => {
  it.each<[string, (draft: Draft) => Promise<unknown>]>([
    ['begun', async () => undefined],
    ['with its memory', (draft) => writeMemory(draft)],
    [
      'with half of its memory',
      (draft) =>
        expect(
          draft.writeMemory({ runs: brokenPages(), unwritten: 'base' }, undefined, 1, never),
        ).rejects.toThrow('broken'),
    ],
    [
      'whose time is over',
      (draft) =>
        expect(
          draft.writeMemory(
            { runs: guest.writtenPages(), unwritten: 'base' },
            undefined,
            1,
            AbortSignal.abort(new Error('over')),
          ),
        ).rejects.toThrow('over'),
    ],
    ['with all but the manifest', (draft) => writeAll(draft)],
    [
      'whose time is over when it is published',
      async (draft) => {
        await writeAll(draft);
        const over = AbortSignal.abort(new Error('over'));
        await expect(draft.publish(fixture.facts(), [], over)).rejects.toThrow('over');
      },
    ],
    [
      'without its device state',
      async (draft) => {
        await writeMemory(draft);
        await expect(draft.publish(fixture.facts(), [], never)).rejects.toThrow('ENOENT');
      },
    ],
    [
      'of a template that is not there',
      async (draft) => {
        await writeAll(draft);
        const facts = { ...fixture.facts(), template: { key: 'other', name: 'other' } };
        await expect(draft.publish(facts, [], never)).rejects.toMatchObject({ code: 'snapshot_refused' });
      },
    ],
  ])('%s', async (_what, work) => {
    const id = newId('snapshot');
    {
      await using draft = await fixture.store.begin(id);
      await work(draft);
    }
    expect(await fixture.left()).toEqual([]);
    expect(fixture.store.find(id)).toBeUndefined();
    // The same once more, as whoever asked for it will.
    await using again = await fixture.store.begin(id);
    await writeAll(again);
    await again.publish(fixture.facts(), [], never);
  });

  it('and leaves its parent as it was', async () => {
    const parent = await fixture.capture(guest, undefined);
    const before = await fixture.left();
    {
      await using draft = await fixture.store.begin(newId('snapshot'));
      guest.write(2);
      await draft.writeMemory({ runs: guest.writtenPages(), unwritten: 'base' }, parent, 1, never);
    }
    expect(await fixture.left()).toEqual(before);
    await fixture.store.check(parent, traits, never);
  });

  it('although its parent was let go of meanwhile, which goes with it', async () => {
    const parent = await fixture.capture(guest, undefined);
    const hold = fixture.store.hold(parent.id);
    const draft = await fixture.store.begin(newId('snapshot'));
    await draft.writeMemory({ runs: guest.writtenPages(), unwritten: 'base' }, parent, 1, never);
    await hold.release();
    await fixture.store.check(parent, traits, never);
    await draft[Symbol.asyncDispose]();
    expect(await fixture.left()).toEqual([]);
  });
});

describe('a draft', { timeout: 60_000 }, () => {
  it('keeps the layers that it shares with a parent that is let go of before it is published', async () => {
    const parent = await fixture.capture(guest, undefined);
    const hold = fixture.store.hold(parent.id);
    guest.write(2);
    await using draft = await fixture.store.begin(newId('snapshot'));
    await draft.writeMemory({ runs: guest.writtenPages(), unwritten: 'base' }, parent, 1, never);
    await hold.release();
    await draft.writeDeviceState(await fixture.deviceState());
    const { snapshot } = await draft.publish(fixture.facts(), [], never);
    fixture.store.hold(snapshot.id);
    await draft[Symbol.asyncDispose]();
    expect(fixture.store.find(parent.id)).toBeUndefined();
    await fixture.store.check(snapshot, traits, never);
  });

  it('is not begun beside one of the same ID, nor over a snapshot that is there or cannot be read', async () => {
    const id = newId('snapshot');
    {
      await using draft = await fixture.store.begin(id);
      await expect(fixture.store.begin(id)).rejects.toMatchObject({ code: 'conflict' });
      await writeAll(draft);
      await draft.publish(fixture.facts(), [], never);
    }
    await expect(fixture.store.begin(id)).rejects.toMatchObject({ code: 'conflict' });
    await writeFile(join(fixture.store.paths.snapshot(id), 'manifest.json'), '{');
    await fixture.reopen();
    await expect(fixture.store.begin(id)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('takes the place of what an earlier one of its ID left', async () => {
    const id = newId('snapshot');
    await mkdir(join(fixture.store.paths.draft(id), 'left'), { recursive: true });
    await using draft = await fixture.store.begin(id);
    await writeAll(draft);
    const { snapshot } = await draft.publish(fixture.facts(), [], never);
    await expect(stat(join(snapshot.directory, 'left'))).rejects.toThrow('ENOENT');
  });
});

describe('a publication whose last flush fails', { timeout: 60_000 }, () => {
  it('is taken back, on the disk and in the store', async () => {
    const published: Snapshot[] = [];
    const paths = unflushable(() => undefined);
    const draft = await Draft.begin(newId('snapshot'), paths, surroundings(published));
    await writeAll(draft);
    await expect(draft.publish(fixture.facts(), [], never)).rejects.toThrow('ENOENT');
    await draft[Symbol.asyncDispose]();
    expect(published).toEqual([]);
    expect(await fixture.left()).toEqual([]);
  });

  it('stands where it cannot be taken back', async () => {
    const published: Snapshot[] = [];
    const id = newId('snapshot');
    const inTheWay = join(fixture.store.paths.draft(id), 'in the way');
    const paths = unflushable(() => mkdirSync(inTheWay, { recursive: true }));
    const draft = await Draft.begin(id, paths, surroundings(published));
    await writeAll(draft);
    const { snapshot } = await draft.publish(fixture.facts(), [], never);
    await draft[Symbol.asyncDispose]();
    expect(published).toEqual([snapshot]);
    await fixture.reopen();
    await fixture.store.check(snapshot, traits, never);
    expect(fixture.store.find(snapshot.id)).toEqual(snapshot);
  });
});

/** The store's folder itself, which is flushed after the rename, is one that cannot be; `first` is done before that. */
function unflushable(first: () => unknown): StorePaths {
  return new Proxy(fixture.store.paths, {
    get(target, name) {
      if (name === 'directory') {
        first();
        return '/var/tmp/missing';
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

async function writeMemory(draft: Draft): Promise<void> {
  await draft.writeMemory({ runs: guest.writtenPages(), unwritten: 'base' }, undefined, 1, never);
}

async function writeAll(draft: Draft): Promise<void> {
  await writeMemory(draft);
  await draft.writeDeviceState(await fixture.deviceState());
}

async function* brokenPages() {
  yield* guest.writtenPages();
  throw new Error('broken');
}

function surroundings(published: Snapshot[]): Surroundings {
  return {
    inProgress: new InProgress(),
    pin: (id) => fixture.store.hold(id),
    knownDisk: () => undefined,
    published: (snapshot) => void published.push(snapshot),
  };
}
