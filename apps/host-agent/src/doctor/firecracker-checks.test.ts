import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { FirecrackerBuild } from '../engine/firecracker/builds.ts';
import type { CheckContext } from './check.ts';
import { directoryCheck, firecrackerCheck, judgeBuilds, rawDisksCheck } from './firecracker-checks.ts';

const config = {
  cacheDirectory: '/nowhere/cache',
  directory: '/nowhere/wrenn',
  engine: 'auto',
  firecrackerDirectory: '/nowhere/firecracker',
} as const;
const context: CheckContext = { ...config, signal: new AbortController().signal };

function build(minor: number, jailer: string | undefined): FirecrackerBuild {
  return { id: `1.${minor}.2`, version: { major: 1, minor, patch: 2 }, program: `/f/1.${minor}.2`, jailer };
}
const unusable = [{ directory: '/f/old', why: 'version 1.9.0 is older than 1.16.2' }];

describe('judgeBuilds', () => {
  it.each([
    ['a build with its jailer', [build(16, '/j')], [], 'ok', '1.16.2 with jailer'],
    ['a newest build without one', [build(16, '/j'), build(17, undefined)], [], 'warn', 'confined without'],
    ['one that may not be used', [build(16, '/j')], unusable, 'warn', '/f/old is not used: version 1.9.0'],
    ['none', [], [], 'warn', 'QEMU runs capsules'],
  ] as const)('judges %s', (_, usable, refused, status, text) => {
    const finding = judgeBuilds({ usable, unusable: refused }, config);
    expect(finding).toMatchObject({ status, detail: expect.stringContaining(text) });
  });

  it('fails without a build where no other engine may be used', () => {
    const strict = { ...config, engine: 'firecracker' } as const;
    expect(judgeBuilds({ usable: [], unusable }, strict).status).toBe('fail');
  });
});

describe('the check for Firecracker', () => {
  it('says so where QEMU is asked for', async () => {
    const finding = await firecrackerCheck.examine({ ...context, engine: 'qemu' });
    expect(finding).toMatchObject({ status: 'ok', detail: expect.stringContaining('WRENN_ENGINE is qemu') });
  });

  it('does not judge what it could not try for want of images', async () => {
    expect((await firecrackerCheck.examine(context)).detail).toContain('not known whether KVM runs it');
  });
});

describe('the check of the directory', () => {
  it('warns of one that others can write to', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'doctor-'));
    try {
      await chmod(directory, 0o777);
      expect((await directoryCheck.examine({ ...context, directory })).status).toBe('warn');
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it.each(['/usr', '/nowhere/wrenn'])('is content with %s', async (directory) => {
    expect((await directoryCheck.examine({ ...context, directory })).status).toBe('ok');
  });
});

it('the check of disks tries them where the directory will be, and leaves nothing there', async () => {
  const above = await mkdtemp(join(tmpdir(), 'wrenn-doctor-'));
  try {
    const { status, detail } = await rawDisksCheck.examine({ ...context, directory: join(above, 'not/yet') });
    expect(status).toBe('ok');
    expect(detail).toMatch(/disks for Firecracker are made by (reflink|dm_snapshot|sparse_copy)/);
    expect(await readdir(above)).toEqual([]);
  } finally {
    await rm(above, { recursive: true });
  }
});
