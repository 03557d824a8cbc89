import { access, chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBuilds } from './builds.ts';

const never = new AbortController().signal;
let above: string;
let directory: string;
beforeEach(async () => {
  above = await mkdtemp(join(tmpdir(), 'builds-'));
  directory = join(above, 'builds');
  await mkdir(directory, { mode: 0o755 });
});
afterEach(() => rm(above, { recursive: true }));

/** A program that prints a version, and leaves a mark when it is run. */
async function program(folder: string, name: string, printed: string): Promise<string> {
  await mkdir(join(directory, folder), { recursive: true, mode: 0o755 });
  const path = join(directory, folder, name);
  await writeFile(path, `#!/bin/sh\ntouch ${path}.was-run\necho '${printed}'\n`, { mode: 0o755 });
  return path;
}

async function whyNot(): Promise<string> {
  const { usable, unusable } = await findBuilds(directory, never);
  expect(usable).toEqual([]);
  expect(unusable).toHaveLength(1);
  return unusable[0]?.why ?? '';
}

describe('findBuilds', () => {
  it('has every usable build, the newest last, with its jailer and what its program adds up to', async () => {
    await program('new', 'firecracker', 'Firecracker v1.17.0');
    await program('old', 'firecracker', 'Firecracker v1.16.2');
    const jailer = await program('old', 'jailer', 'Jailer v1.16.2');
    const { usable, unusable } = await findBuilds(directory, never);
    expect(unusable).toEqual([]);
    expect(usable.map(({ id, jailer: found }) => [id.split(' ')[0], found])).toEqual([
      ['1.16.2', jailer],
      ['1.17.0', undefined],
    ]);
    expect(usable[0]?.id).toMatch(/^1\.16\.2 sha256:[0-9a-f]{16}$/);
  });

  it('tells two builds of one version apart', async () => {
    await program('one', 'firecracker', 'Firecracker v1.16.2');
    await writeFile(join(directory, 'one/firecracker'), "#!/bin/sh\necho 'Firecracker v1.16.2' # patched\n");
    await program('other', 'firecracker', 'Firecracker v1.16.2');
    const { usable } = await findBuilds(directory, never);
    expect(new Set(usable.map(({ id }) => id)).size).toBe(2);
  });

  it('is nothing where there is no such directory', async () => {
    expect(await findBuilds(join(directory, 'none'), never)).toEqual({ usable: [], unusable: [] });
  });

  it('does not use one that is too old, and says what is old enough', async () => {
    await program('old', 'firecracker', 'Firecracker v1.16.1');
    expect(await whyNot()).toBe('version 1.16.1 is older than 1.16.2');
  });

  it('does not use one whose jailer is of another version', async () => {
    await program('mixed', 'firecracker', 'Firecracker v1.16.2');
    await program('mixed', 'jailer', 'Jailer v1.15.0');
    expect(await whyNot()).toContain('jailer is not of version 1.16.2');
  });

  it('does not use one that says no version, or cannot be run', async () => {
    const path = await program('odd', 'firecracker', 'hello');
    expect(await whyNot()).toContain('does not say a version');
    await chmod(path, 0o644);
    expect(await whyNot()).not.toBe('');
  });

  it.each([
    ['the program', async (path: string) => await chmod(path, 0o777)],
    ['its folder', async () => await chmod(join(directory, 'open'), 0o777)],
    ['the directory of all', async () => await chmod(directory, 0o777)],
    [
      'a folder above',
      async () => {
        await chmod(above, 0o777);
      },
    ],
  ])('does not even run one where others may write to %s', async (_, open) => {
    const path = await program('open', 'firecracker', 'Firecracker v1.16.2');
    await open(path);
    expect(await whyNot()).toContain('can be written to by others than root');
    await expect(access(`${path}.was-run`)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('does not follow a link to a program', async () => {
    const elsewhere = await program('elsewhere', 'program', 'Firecracker v1.16.2');
    await mkdir(join(directory, 'linked'), { mode: 0o755 });
    await symlink(elsewhere, join(directory, 'linked/firecracker'));
    const { usable } = await findBuilds(directory, never);
    expect(usable).toEqual([]);
    await expect(access(`${elsewhere}.was-run`)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
