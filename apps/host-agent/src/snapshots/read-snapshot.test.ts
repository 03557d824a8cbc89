import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSnapshotFolder } from './read-snapshot.ts';
import { StoreFixture } from './testing/store-fixture.ts';

let fixture: StoreFixture;
beforeEach(async () => {
  fixture = await StoreFixture.make(1);
});
afterEach(() => fixture[Symbol.asyncDispose]());

it('reads a snapshot from before there were default folders', async () => {
  const { id, directory, manifest } = await fixture.capture(await fixture.boot(), undefined);
  const { defaultWorkdir: _, ...guest } = manifest.guest;
  await writeFile(join(directory, 'manifest.json'), JSON.stringify({ ...manifest, guest }));
  const { snapshot } = await readSnapshotFolder(directory, id);
  expect(snapshot.manifest.guest).toEqual({ ...guest, defaultWorkdir: '' });
});
