import { appendFile, open, readFile, rename, rm, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../engine/engine.ts';
import { snapshotFiles } from './paths.ts';
import type { Snapshot } from './snapshot-store.ts';
import { never, StoreFixture, traits } from './testing/store-fixture.ts';

let fixture: StoreFixture;
let snapshot: Snapshot;

/** Two generations, so that it reads from two layers. */
beforeEach(async () => {
  fixture = await StoreFixture.make(1);
  const guest = await fixture.boot();
  for (const page of [1, 2, 3, 50]) guest.write(page);
  const parent = await fixture.capture(guest, undefined);
  fixture.store.hold(parent.id);
  guest.write(2);
  snapshot = await fixture.capture(guest, parent);
  fixture.store.hold(snapshot.id);
});
afterEach(() => fixture[Symbol.asyncDispose]());

const parts = {
  'memory map': () => join(snapshot.directory, snapshotFiles.memoryMap),
  'device state': () => join(snapshot.directory, snapshotFiles.deviceState),
  'the older layer': () => fixture.store.paths.layer(snapshot.manifest.layers[0]?.id ?? ''),
  'the newer layer': () => fixture.store.paths.layer(snapshot.manifest.layers[1]?.id ?? ''),
  'memory of the template': () => fixture.templateMemory,
};

const damages = {
  missing: (path: string) => rm(path),
  short: (path: string) => truncate(path, 40),
  longer: (path: string) => appendFile(path, 'x'),
  altered: async (path: string) => {
    await using file = await open(path, 'r+');
    const last = Buffer.alloc(1);
    const { size } = await file.stat();
    await file.read(last, 0, 1, size - 1);
    await file.write(Buffer.from([(last[0] ?? 0) ^ 1]), 0, 1, size - 1);
  },
};

const eachDamage = Object.keys(parts).flatMap((part) => Object.keys(damages).map((damage) => [part, damage]));

describe('a snapshot is refused', { timeout: 60_000 }, () => {
  it.each(eachDamage)('with %s %s, by the path of the part', async (part, damage) => {
    const path = parts[part as keyof typeof parts]();
    await damages[damage as keyof typeof damages](path);
    const before = await fixture.left();
    await expect(fixture.store.check(snapshot, traits, never)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining(path),
      remedy: expect.stringContaining('put the file back'),
    });
    await expect(fixture.store.check(snapshot, traits, never)).rejects.toThrow(snapshot.id);
    expect(await fixture.left()).toEqual(before);
    expect(fixture.store.find(snapshot.id)).toBe(snapshot);
  });

  it.each([
    ['engine', { name: 'firecracker' as const }],
    ['engine build', { builds: ['other', 'more'] }],
    ['isolation', { isolation: 'emulated' as const }],
    ['CPU', { cpu: 'other' }],
  ])('where the %s is another', async (what, other) => {
    await expect(fixture.store.check(snapshot, { ...traits, ...other }, never)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining(`another ${what}`),
    });
    await fixture.store.check(snapshot, traits, never);
  });

  it.each([
    ['gone', () => rename(fixture.templateDirectory, `${fixture.templateDirectory}-gone`)],
    ['built anew', () => fixture.rebuildTemplate()],
    ['without its manifest', () => rm(join(fixture.templateDirectory, 'manifest.json'))],
    ['with half a manifest', () => truncate(join(fixture.templateDirectory, 'manifest.json'), 20)],
    ['without its disk', () => rm(join(fixture.templateDirectory, 'disk.qcow2'))],
  ])('when its template is %s', async (_what, change) => {
    await change();
    await expect(fixture.store.check(snapshot, traits, never)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining(fixture.templateDirectory),
    });
  });

  it('when its map reads behind the end of a layer, though map and layer are as the manifest says', async () => {
    const [layer] = snapshot.manifest.layers;
    const manifest = {
      ...snapshot.manifest,
      layers: snapshot.manifest.layers.map((each) => (each === layer ? { ...each, bytes: pageBytes } : each)),
    };
    await expect(fixture.store.check({ ...snapshot, manifest }, traits, never)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining(`behind the end of layer ${layer?.id}`),
    });
  });

  it('when its map is asked for and cannot be read', async () => {
    await truncate(parts['memory map'](), 41);
    await expect(fixture.store.memoryOf(snapshot)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining(parts['memory map']()),
    });
  });

  it('as the parent of a capture whose layer is missing, and the capture leaves nothing', async () => {
    const guest = await fixture.resume(snapshot);
    await rm(parts['the older layer']());
    const before = await fixture.left();
    await expect(fixture.capture(guest, snapshot)).rejects.toMatchObject({
      code: 'snapshot_refused',
      message: expect.stringContaining(parts['the older layer']()),
    });
    expect(await fixture.left()).toEqual(before);
  });

  it('unless only the times of its files are other than they were', async () => {
    for (const path of Object.values(parts)) await utimes(path(), 1, 1);
    await fixture.store.check(snapshot, traits, never);
  });

  it('unless its files are copies', async () => {
    for (const path of Object.values(parts)) {
      const content = await readFile(path());
      await rm(path());
      await writeFile(path(), content);
    }
    await fixture.store.check(snapshot, traits, never);
  });
});
