import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, readdirSync } from 'node:fs';
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deadline, until } from '@wrenn/core';
import { acceptUnix, listenUnix } from '@wrenn/sys';
import { runCyclingGuest, UserfaultPeer } from '@wrenn/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import { GuestPages } from './guest-pages.ts';
import { receiveHandover } from './handover.ts';
import { PageServer } from './page-server.ts';
import { PageSource } from './page-source.ts';
import type { PageServerProcess } from './start-page-server.ts';
import { type LayeredSnapshot, writeLayeredSnapshot } from './testing/layered-snapshot.ts';
import { PageServerFixture, regionsOf, vmmUser } from './testing/page-server-fixture.ts';
import { WorkingSet } from './working-set.ts';

const program = fileURLToPath(new URL('./main.ts', import.meta.url));
const memoryMiB = 24;
const pages = (memoryMiB << 20) / pageBytes;
let fixture: PageServerFixture;
let snapshot: LayeredSnapshot;

beforeEach(async () => {
  fixture = await PageServerFixture.open();
  const overlays = [{ firstPage: 3_000, pages: 2_000, layer: 1 } as const];
  snapshot = await writeLayeredSnapshot(fixture.folder, pages, overlays);
});
afterEach(() => fixture[Symbol.asyncDispose]());

async function served(): Promise<{ server: PageServerProcess; peer: UserfaultPeer }> {
  const job = await fixture.job(snapshot, memoryMiB);
  const server = await fixture.start(job);
  const backing = { kind: 'handed over', socketPath: job.socketPath } as const;
  return {
    server,
    peer: await UserfaultPeer.start({ lengths: regionsOf(memoryMiB), backing, as: vmmUser }),
  };
}

/** By the program alone, whose exit code nobody else reads. */
async function servedBare(): Promise<{ exitCode: Promise<unknown>; peer: UserfaultPeer }> {
  const job = await fixture.job(snapshot, memoryMiB);
  const jobFile = `${job.recordTo}.job`;
  await writeFile(jobFile, JSON.stringify(job));
  const child = spawn(process.execPath, [program, jobFile], { stdio: 'ignore' });
  const exitCode = once(child, 'exit').then(([code]: unknown[]) => code);
  using limit = deadline(20_000, 'waiting for a page server');
  await until(() => existsSync(job.socketPath) || undefined, 10, limit);
  const backing = { kind: 'handed over', socketPath: job.socketPath } as const;
  return {
    exitCode,
    peer: await UserfaultPeer.start({ lengths: regionsOf(memoryMiB), backing, as: vmmUser }),
  };
}

function openDescriptors(): string[] {
  return readdirSync('/proc/self/fd');
}

const isGone = (pid: number) => !existsSync(`/proc/${pid}`);

describe('a page server', () => {
  it('ends the VMM and names the layer when one was cut short while it served', async () => {
    const { server, peer } = await served();
    await using _ = peer;
    await peer.read(3_000 * pageBytes, 8);
    const [layer = ''] = snapshot.layers;
    await truncate(layer, 100 * pageBytes);
    await expect(peer.read(4_900 * pageBytes, 8)).rejects.toThrow('SIGKILL');
    expect(JSON.parse(String(await server.ended))).toEqual({
      code: 'PageFault',
      message: expect.stringContaining(`${layer} cannot be read any more`),
    });
    expect(isGone(server.record.pid)).toBe(true);
  });

  it('is told to have ended when it was killed, and its VMM can be', async () => {
    const { server, peer } = await served();
    const touching = peer.touchAll({ mode: 'read', order: 'random', threads: 4 });
    process.kill(server.record.pid, 'SIGKILL');
    await server.ended;
    expect(isGone(server.record.pid)).toBe(true);
    // One that waits for a page which never comes.
    const stuck = peer.read(pages * pageBytes - 8, 8);
    await peer.kill();
    await Promise.allSettled([touching, stuck]);
    expect(isGone(peer.pid)).toBe(true);
  });

  it('ends well when the VMM was killed in the middle of its faults', async () => {
    const { server, peer } = await served();
    const touching = peer.touchAll({ mode: 'read', order: 'random', threads: 4 });
    await peer.read(0, 8);
    await peer.kill();
    await Promise.allSettled([touching]);
    expect(await server.ended).toBeUndefined();
    expect(isGone(server.record.pid)).toBe(true);
  });

  it('ends with 0 when its VMM did, and with 1 when it could not go on', async () => {
    const well = await servedBare();
    await well.peer.kill();
    expect(await well.exitCode).toBe(0);
    const failing = await servedBare();
    await truncate(snapshot.base, pageBytes);
    await expect(failing.peer.read(2_000 * pageBytes, 8)).rejects.toThrow('SIGKILL');
    expect(await failing.exitCode).toBe(1);
  });

  it('leaves the one that starts it no descriptor, after twelve of them', async () => {
    const cycle = async () => {
      const { server, peer } = await served();
      expect((await peer.read(8, 4)).equals(snapshot.expected.subarray(8, 12))).toBe(true);
      await peer.kill();
      await server.ended;
    };
    await cycle();
    const before = openDescriptors().length;
    for (let turn = 0; turn < 6; turn++) await Promise.all([cycle(), cycle()]);
    expect(openDescriptors()).toHaveLength(before);
  });

  it('keeps no descriptor in 10,000 cycles of handing over, serving and ending, in one process', async () => {
    const socketPath = join(fixture.folder, 'cycles.sock');
    const count = 10_000;
    using source = PageSource.open(snapshot, pages * pageBytes);
    const listening = listenUnix(socketPath, 0o600);
    const before = openDescriptors();
    const guest = runCyclingGuest({ socketPath, pages: 16, count });
    for (let cycle = 0; cycle < count; cycle++) serveOne(acceptUnix(listening), source, 16 * pageBytes);
    const seen = await guest;
    expect(openDescriptors()).toEqual(before);
    closeSync(listening);
    const expected = Array.from(seen, (_, cycle) => snapshot.expected[(cycle % 16) * pageBytes] ?? 0);
    expect(Buffer.from(seen).equals(Buffer.from(expected))).toBe(true);
  });
});

/** As main.ts does, until the connection ends as the VMM would. */
function serveOne(connection: number, source: PageSource, memoryBytes: number): void {
  const { userfaultfd, regions } = receiveHandover(connection, memoryBytes);
  try {
    const guestPages = new GuestPages(userfaultfd, regions, source, memoryBytes);
    const workingSet = new WorkingSet();
    new PageServer({
      userfaultfd,
      vmm: connection,
      pages: guestPages,
      prefetch: [],
      workingSet,
      note: () => undefined,
    }).serve();
  } finally {
    closeSync(userfaultfd);
    closeSync(connection);
  }
}
