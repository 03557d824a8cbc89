import { readFile, writeFile } from 'node:fs/promises';
import { deadline, systemCode, until } from '@wrenn/core';
import { UserfaultPeer } from '@wrenn/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import { type LayeredSnapshot, writeLayeredSnapshot } from './testing/layered-snapshot.ts';
import { PageServerFixture, regionsOf, vmmUser } from './testing/page-server-fixture.ts';
import { decodeWorkingSet, encodeWorkingSet } from './working-set.ts';

const memoryMiB = 24;
const pages = (memoryMiB << 20) / pageBytes;
let fixture: PageServerFixture;
let snapshot: LayeredSnapshot;

beforeEach(async () => {
  fixture = await PageServerFixture.open();
  const overlays = [
    { firstPage: 1_000, pages: 900, layer: 1 },
    { firstPage: 1_400, pages: 100, layer: 'zero' },
  ] as const;
  snapshot = await writeLayeredSnapshot(fixture.folder, pages, overlays);
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function served(prefetch?: string, recordTo?: string) {
  const usual = await fixture.job(snapshot, memoryMiB, prefetch);
  const job = { ...usual, recordTo: recordTo ?? usual.recordTo };
  const server = await fixture.start(job);
  const backing = { kind: 'handed over', socketPath: job.socketPath } as const;
  const peer = await UserfaultPeer.start({ lengths: regionsOf(memoryMiB), backing, as: vmmUser, threads: 7 });
  return { job, server, peer };
}

/** The pages that a working set names, once one is there. */
async function recorded(path: string): Promise<Set<number>> {
  using limit = deadline(20_000, 'waiting for a working set');
  const parts = await until(
    async () => decodeWorkingSet(await readFile(path).catch(noBytes), memoryMiB << 20),
    20,
    limit,
  );
  return new Set(
    parts.flatMap(({ offset, length }) =>
      Array.from({ length: length / pageBytes }, (_, index) => offset / pageBytes + index),
    ),
  );
}

function noBytes(thrown: unknown): Buffer {
  if (systemCode(thrown) === 'ENOENT') return Buffer.alloc(0);
  throw thrown;
}

async function hasPages(peer: UserfaultPeer, count: number): Promise<void> {
  using limit = deadline(20_000, 'waiting for pages');
  await until(() => peer.residentPages().size >= count || undefined, 10, limit);
}

describe('the working set', () => {
  it('that a first machine came to need is there for a second one before it touches anything, and nothing else', async () => {
    const first = await served();
    for (const page of [5_000, 17, 1_390, 3_333]) await first.peer.read(page * pageBytes, 1);
    const needed = await recorded(first.job.recordTo);
    for (const page of [5_000, 17, 1_390, 3_333]) expect(needed).toContain(page);
    expect(first.peer.residentPages()).toEqual(needed);
    await first.peer.kill();

    const second = await served(first.job.recordTo);
    await hasPages(second.peer, needed.size);
    expect(second.peer.residentPages()).toEqual(needed);
    for (const page of needed) {
      const [at, end] = [page * pageBytes, (page + 1) * pageBytes];
      expect((await second.peer.read(at, pageBytes)).equals(snapshot.expected.subarray(at, end))).toBe(true);
    }
    expect(second.peer.residentPages()).toEqual(needed);
    await second.peer.kill();
  });

  it('has all that a machine needed which jumped about in its memory', async () => {
    const first = await served();
    await first.peer.touchAll({ mode: 'read', order: 'random', every: 40 });
    const there = first.peer.residentPages();
    await first.peer.kill();
    await first.server.ended;
    expect(await recorded(first.job.recordTo)).toEqual(there);
  });

  it('grows by what a second machine needs beside it', async () => {
    const first = await served();
    await first.peer.read(100 * pageBytes, 1);
    const before = await recorded(first.job.recordTo);
    await first.peer.kill();
    const second = await served(first.job.recordTo);
    await second.peer.read(4_000 * pageBytes, 1);
    const after = await recorded(second.job.recordTo);
    expect(after).toContain(4_000);
    for (const page of before) expect(after).toContain(page);
    await second.peer.kill();
  });

  it('is ignored when it is of no use', async () => {
    const whole = encodeWorkingSet([{ offset: 0, length: (memoryMiB << 20) + pageBytes }]);

    const path = `${fixture.folder}/odd`;
    await writeFile(path, whole);
    const { peer } = await served(path);
    expect(
      (await peer.read(7 * pageBytes, 4)).equals(
        snapshot.expected.subarray(7 * pageBytes, 7 * pageBytes + 4),
      ),
    ).toBe(true);
    expect(peer.residentPages().size).toBeLessThan(64);
    await peer.kill();
  });

  it('is noted when the machine ends right after it needed something', async () => {
    const { job, peer } = await served();
    await peer.read(0, 1);
    await peer.kill();
    expect(await recorded(job.recordTo)).toContain(0);
  });

  it('that cannot be noted is no fault', async () => {
    const { server, peer } = await served(undefined, '/proc/nothing');
    await peer.read(0, 1);
    await peer.kill();
    expect(await server.ended).toBeUndefined();
  });

  it('that is the whole memory does not keep a fault waiting for its end', async () => {
    const path = `${fixture.folder}/all`;

    await writeFile(path, encodeWorkingSet([{ offset: 0, length: memoryMiB << 20 }]));
    const { peer } = await served(path);
    await peer.touchAll({ mode: 'read', order: 'random', threads: 4 });
    expect(peer.residentPages().size).toBe(pages);
    await peer.kill();
  });
});
