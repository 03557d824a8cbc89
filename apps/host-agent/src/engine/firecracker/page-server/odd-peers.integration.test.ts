import { existsSync } from 'node:fs';
import { type OddHandover, UserfaultPeer } from '@wrenn/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import type { PageServerJob } from './job.ts';
import type { PageServerProcess } from './start-page-server.ts';
import { writeLayeredSnapshot } from './testing/layered-snapshot.ts';
import { PageServerFixture, regionsOf, vmmUser } from './testing/page-server-fixture.ts';

const memoryMiB = 6;
let fixture: PageServerFixture;
let job: PageServerJob;
let server: PageServerProcess;

beforeEach(async () => {
  fixture = await PageServerFixture.open();
  const snapshot = await writeLayeredSnapshot(fixture.folder, (memoryMiB << 20) / pageBytes, []);
  job = await fixture.job(snapshot, memoryMiB);
  server = await fixture.start(job);
});
afterEach(() => fixture[Symbol.asyncDispose]());

function connect(odd: OddHandover, as = vmmUser): Promise<UserfaultPeer> {
  const backing = { kind: 'handed over', socketPath: job.socketPath, odd } as const;
  return UserfaultPeer.start({ lengths: regionsOf(memoryMiB), backing, as });
}

/** The peer was ended, and the server said why and is gone. */
async function expectRefusal(odd: OddHandover, why: string): Promise<void> {
  // It may be ended before it could say that it was ready.
  const peer = await connect(odd).catch(() => undefined);
  const said = String(await server.ended);
  expect(JSON.parse(said)).toEqual({ code: 'HandoverFault', message: expect.stringContaining(why) });
  if (peer !== undefined) expect(await peer.exited).toBe('SIGKILL');
  expect(existsSync(`/proc/${server.record.pid}`)).toBe(false);
}

const start = 0x7f00_0000_0000;
const region = { base_host_virt_addr: start, size: 1 << 20, offset: 0, page_size: pageBytes };
const listOf = (...regions: readonly object[]) =>
  JSON.stringify(regions.map((each) => ({ ...region, ...each })));

describe('what is handed over', () => {
  it.each([
    ['is no JSON', '[{', 'is not JSON'],
    ['is longer than any list', `[${' '.repeat(100_000)}]`, 'is not JSON'],
    ['overlaps in the guest', listOf({}, { base_host_virt_addr: start + (1 << 30) }), 'overlap in the guest'],
    ['overlaps in the address space', listOf({}, { offset: 1 << 20 }), 'overlap in the address space'],
    ['begins within a page', listOf({ base_host_virt_addr: start + 512 }), 'whole pages'],
    ['is larger than the memory', listOf({ size: 2 ** 40 }), 'beyond the memory'],
    ['has a number as text', listOf({ size: '4096' }), 'not a whole number'],
  ])('is refused when it %s', async (_, text, why) => {
    await expectRefusal({ text }, why);
  });

  it.each([
    ['none', '0 descriptors'],
    ['pipe', 'not a userfaultfd'],
    ['file', 'not a userfaultfd'],
    ['userfaultfd twice', '2 descriptors'],
  ] as const)('is refused with other descriptors: %s', async (descriptors, why) => {
    await expectRefusal({ descriptors }, why);
  });
});

describe('a peer that is another user', () => {
  it('cannot connect', async () => {
    await expect(connect({}, { uid: 23_999, gid: 23_999 })).rejects.toThrow('EACCES');
  });

  it('is refused where it could, and gets nothing', async () => {
    await using peer = await connect({}, { uid: 0, gid: 0 });
    expect(await server.ended).toContain('user 0 connected instead of user 23456');
    expect(peer.residentPages()).toEqual(new Set());
  });
});
