import { UserfaultPeer } from '@wrenn/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import { type LayeredSnapshot, writeLayeredSnapshot } from './testing/layered-snapshot.ts';
import { PageServerFixture, regionsOf, vmmUser } from './testing/page-server-fixture.ts';

const memoryMiB = 12;
const pages = (memoryMiB << 20) / pageBytes;
let fixture: PageServerFixture;
let snapshot: LayeredSnapshot;
let peer: UserfaultPeer;

beforeEach(async () => {
  fixture = await PageServerFixture.open();
  const overlays = [{ firstPage: 200, pages: 1_500, layer: 1 } as const];
  snapshot = await writeLayeredSnapshot(fixture.folder, pages, overlays);
  const job = await fixture.job(snapshot, memoryMiB);
  await fixture.start(job);
  const backing = { kind: 'handed over', socketPath: job.socketPath } as const;
  peer = await UserfaultPeer.start({ lengths: regionsOf(memoryMiB), backing, as: vmmUser, threads: 7 });
});
afterEach(async () => {
  await peer.kill();
  await fixture[Symbol.asyncDispose]();
});

/** As `Buffer.equals`, which a failed test would say too much of. */
async function expectMemory(firstPage: number, count: number, expected: Buffer): Promise<void> {
  const actual = await peer.read(firstPage * pageBytes, count * pageBytes);
  const wrong = Array.from({ length: count }, (_, index) => index).filter((index) => {
    const [from, to] = [index * pageBytes, (index + 1) * pageBytes];
    return actual.compare(expected, from, to, from, to) !== 0;
  });
  expect(wrong.map((index) => firstPage + index)).toEqual([]);
}

async function removePages(firstPage: number, count: number): Promise<void> {
  await peer.remove(firstPage * pageBytes, count * pageBytes);
}

describe('memory that a balloon gave back', () => {
  it('reads as zero when nobody had touched it before, and only that', async () => {
    await removePages(300, 100);
    await expectMemory(300, 100, Buffer.alloc(100 * pageBytes));
    await expectMemory(200, 100, snapshot.expected.subarray(200 * pageBytes));
    await expectMemory(400, 100, snapshot.expected.subarray(400 * pageBytes));
  });

  it('reads as zero after it had been served', async () => {
    await peer.touchAll({ mode: 'read' });
    await removePages(1_000, 700);
    await expectMemory(1_000, 700, Buffer.alloc(700 * pageBytes));
    await expectMemory(1_700, 100, snapshot.expected.subarray(1_700 * pageBytes));
  });

  it('keeps what is written to it afterwards', async () => {
    await removePages(10, 5);
    await peer.write(12 * pageBytes, Buffer.from('after'));
    expect(String(await peer.read(12 * pageBytes, 5))).toBe('after');
    await expectMemory(13, 2, Buffer.alloc(2 * pageBytes));
  });

  it('is given back across the border of two regions', async () => {
    const [first = 0] = regionsOf(memoryMiB);
    await peer.touchAll({ mode: 'read' });
    await removePages(first / pageBytes - 3, 6);
    await expectMemory(first / pageBytes - 3, 6, Buffer.alloc(6 * pageBytes));
    await expectMemory(0, 200, snapshot.expected);
  });

  it('comes back each time it is touched, given back again and again', async () => {
    for (let turn = 0; turn < 300; turn++) {
      await removePages(501 + (turn % 2), 2);
      await expectMemory(502, 1, Buffer.alloc(pageBytes));
    }
  });

  it('reads as zero when it was given back while 4 threads were served its neighbours', async () => {
    const expected = Buffer.from(snapshot.expected);
    for (let round = 0; round < 6; round++) {
      const touching = peer.touchAll({ mode: 'read', order: 'random', threads: 4, seed: round * 10 + 1 });
      for (let step = 0; step < 50; step++) {
        const firstPage = (round * 997 + step * 61) % (pages - 20);
        const count = 1 + (step % 20);
        await removePages(firstPage, count);
        expected.fill(0, firstPage * pageBytes, (firstPage + count) * pageBytes);
      }
      await touching;
    }
    await expectMemory(0, pages, expected);
  });
});
