import { chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { markerAt, markerOf, UserfaultPeer } from '@wrenn/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import { type LayeredSnapshot, type Overlay, writeLayeredSnapshot } from './testing/layered-snapshot.ts';
import { PageServerFixture, regionsOf, vmmUser } from './testing/page-server-fixture.ts';

const memoryMiB = 24;
const pages = (memoryMiB << 20) / pageBytes;
let fixture: PageServerFixture;

beforeEach(async () => {
  fixture = await PageServerFixture.open();
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function served(snapshot: LayeredSnapshot): Promise<UserfaultPeer> {
  const job = await fixture.job(snapshot, memoryMiB);
  await fixture.start(job);
  const backing = { kind: 'handed over', socketPath: job.socketPath } as const;
  return await UserfaultPeer.start({ lengths: regionsOf(memoryMiB), backing, as: vmmUser, threads: 7 });
}

async function memoryOf(peer: UserfaultPeer): Promise<Buffer> {
  // A file that the peer's user may write.
  const path = join(fixture.folder, 'saved');
  await writeFile(path, '');
  await chown(path, vmmUser.uid, vmmUser.gid);
  await peer.save(path);
  return await readFile(path);
}

/** One marker in each third page, while other threads read. */
async function writeSome(peer: UserfaultPeer, expected: Buffer, seed: number): Promise<void> {
  await peer.touchAll({ mode: 'write', order: 'random', threads: 2, seed: seed + 100, every: 3 });
  for (let page = 0; page < pages; page += 3) expected[page * pageBytes + markerAt] = markerOf(page);
}

const overlay: fc.Arbitrary<Overlay> = fc.record({
  firstPage: fc.integer({ min: 0, max: pages - 1 }),
  pages: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 2_000 })),
  layer: fc.constantFrom<Overlay['layer'][]>('zero', 1, 2, 3, 4),
});

const manyOverlays = fc.array(overlay, { maxLength: 200, size: 'max' });

describe('memory of a base with layers above it', () => {
  it('is byte for byte what it was, whatever the layers, once 4 threads touched every page while 2 wrote', async () => {
    const image = fc.asyncProperty(manyOverlays, fc.nat(), async (overlays, seed) => {
      const snapshot = await writeLayeredSnapshot(fixture.folder, pages, overlays);
      await using peer = await served(snapshot);
      await Promise.all([
        peer.touchAll({ mode: 'read', order: 'random', threads: 4, seed }),
        writeSome(peer, snapshot.expected, seed),
      ]);
      expect((await memoryOf(peer)).equals(snapshot.expected)).toBe(true);
    });
    await fc.assert(image, { numRuns: 8, endOnFailure: true });
  });

  it('reads as zero where a layer says zero, over a base that is not', async () => {
    const overlays = [{ firstPage: 3, pages: 5_000, layer: 'zero' } as const];
    const snapshot = await writeLayeredSnapshot(fixture.folder, pages, overlays);
    await using peer = await served(snapshot);
    const zeros = await peer.read(3 * pageBytes, 5_000 * pageBytes);
    expect(zeros.equals(Buffer.alloc(zeros.length))).toBe(true);
    expect((await peer.read(0, 3 * pageBytes)).equals(snapshot.expected.subarray(0, 3 * pageBytes))).toBe(
      true,
    );
  });

  it('stays as it was in its files, whatever the guest writes', async () => {
    const overlays = [{ firstPage: 100, pages: 1_000, layer: 1 } as const];
    const snapshot = await writeLayeredSnapshot(fixture.folder, pages, overlays);
    const before = await Promise.all([snapshot.base, ...snapshot.layers].map((path) => readFile(path)));
    await using peer = await served(snapshot);
    await peer.touchAll({ mode: 'write', order: 'random', threads: 4 });
    const after = await Promise.all([snapshot.base, ...snapshot.layers].map((path) => readFile(path)));
    expect(after.map((bytes, index) => bytes.equals(before[index] ?? Buffer.alloc(0)))).toEqual([true, true]);
  });
});
