import { chown, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserfaultPeer } from '@wrenn/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../../engine.ts';
import type { PageServerJob } from './job.ts';
import { adoptPageServer, startPageServer } from './start-page-server.ts';
import { type LayeredSnapshot, writeLayeredSnapshot } from './testing/layered-snapshot.ts';
import { PageServerFixture, regionsOf, vmmUser } from './testing/page-server-fixture.ts';

const memoryMiB = 6;
const never = new AbortController().signal;
const cgroup = { name: 'none', procsFiles: [] };
let fixture: PageServerFixture;
let snapshot: LayeredSnapshot;
let job: PageServerJob;

beforeEach(async () => {
  fixture = await PageServerFixture.open();
  const overlays = [{ firstPage: 5, pages: 50, layer: 1 } as const];
  snapshot = await writeLayeredSnapshot(fixture.folder, (memoryMiB << 20) / pageBytes, overlays);
  job = await fixture.job(snapshot, memoryMiB);
});
afterEach(() => fixture[Symbol.asyncDispose]());

function connect(): Promise<UserfaultPeer> {
  const backing = { kind: 'handed over', socketPath: job.socketPath } as const;
  return UserfaultPeer.start({ lengths: regionsOf(memoryMiB), backing, as: vmmUser });
}

/** What /proc says of a process, by name. */
async function statusOf(pid: number): Promise<ReadonlyMap<string, string>> {
  const lines = (await readFile(`/proc/${pid}/status`, 'utf8')).split('\n');
  return new Map(lines.map((line) => [line.split(':')[0] ?? '', line.replace(/^[^:]*:\s*/, '')]));
}

describe('a page server that was started', () => {
  it('listens as the user of the VMM, who alone may connect, and has no other rights', async () => {
    const server = await fixture.start(job);
    const { mode, uid, gid } = await stat(job.socketPath);
    expect({ mode: mode & 0o777, uid, gid }).toEqual({ mode: 0o600, ...vmmUser });
    const status = await statusOf(server.record.pid);
    expect(status.get('Uid')).toBe(Array(4).fill(vmmUser.uid).join('\t'));
    expect(status.get('Gid')).toBe(Array(4).fill(vmmUser.gid).join('\t'));
    expect(status.get('Groups')?.trim()).toBe('');
    expect(status.get('CapEff')).toMatch(/^0+$/);
  });

  it('has a session of its own, so that it outlives who started it', async () => {
    const { pid } = (await fixture.start(job)).record;
    const [, , , , session] = (await readFile(`/proc/${pid}/stat`, 'utf8'))
      .replace(/\(.*\)/, 'x')
      .split(' ')
      .slice(1);
    expect(Number(session)).toBe(pid);
  });

  it('is found again by another agent, who is told of its end', async () => {
    const { record } = await fixture.start(job);
    const adopted = await adoptPageServer(record, fixture.folder, never);
    const peer = await connect();
    expect(await peer.read(7, 9)).toEqual(snapshot.expected.subarray(7, 16));
    await peer.kill();
    expect(await adopted?.ended).toBeUndefined();
    expect(await adoptPageServer(record, fixture.folder, never)).toBeUndefined();
  });

  it('keeps its code where only root may write, without its types, for the next one', async () => {
    const codeCache = join(fixture.folder, 'code');
    for (const name of ['one', 'two']) {
      const directory = join(fixture.folder, name);
      await mkdir(directory);
      const server = await startPageServer(job, { directory, cgroup, codeCache }, never);
      await server.stop();
      await server.ended;
      await rm(job.socketPath);
    }
    const files = await readdir(codeCache, { recursive: true, withFileTypes: true });
    expect(files.filter((each) => each.isFile()).length).toBeGreaterThan(20);
    for (const { parentPath, name } of files) {
      const { uid, mode } = await stat(join(parentPath, name));
      expect([uid, mode & 0o022]).toEqual([0, 0]);
    }
  });
});

describe('a page server that cannot be started', () => {
  it('says which file is missing, and leaves nothing that listens', async () => {
    const missing = { ...job, base: join(fixture.folder, 'no such file') };
    await expect(fixture.start(missing)).rejects.toThrow(/the page server ended: .*ENOENT.*no such file/);
    expect(await readdir(join(job.socketPath, '..'))).toEqual([]);
  });

  it.each([
    ['a layer that is shorter than its ranges', 5 * pageBytes, 'is shorter than it is said to be'],
    ['a layer without a page', 100, 'holds no page'],
  ])('names %s', async (_, length, why) => {
    const [layer = ''] = snapshot.layers;
    await writeFile(layer, Buffer.alloc(length));
    await expect(fixture.start(job)).rejects.toThrow(`${layer} ${why}`);
  });

  it('names a base that is smaller than the memory', async () => {
    await expect(fixture.start({ ...job, memoryBytes: job.memoryBytes * 2 })).rejects.toThrow(
      `${snapshot.base} is smaller than the memory`,
    );
  });

  it('follows no link that the user of the VMM put where its files go', async () => {
    const directory = join(fixture.folder, 'place');
    const precious = join(fixture.folder, 'precious');
    await mkdir(directory);
    await chown(directory, vmmUser.uid, vmmUser.gid);
    await writeFile(precious, 'as it was');
    for (const name of ['page-server.json', 'page-server.log'])
      await symlink(precious, join(directory, name));
    const server = await startPageServer(job, { directory, cgroup }, never);
    await server.stop();
    await server.ended;
    expect(await readFile(precious, 'utf8')).toBe('as it was');
    expect((await stat(join(directory, 'page-server.json'))).mode & 0o777).toBe(0o600);
  });
});
