import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeViewPoint } from './place.ts';

let path: string;
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'view-'));
  path = join(directory, 'fc-vm');
});
afterEach(() => rm(directory, { recursive: true }));

describe('the directory that VMMs see theirs at', () => {
  it('is made where it is missing, and found where it is there', async () => {
    await makeViewPoint(path);
    await makeViewPoint(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it.each([
    ['is a link', () => symlink('/etc', path)],
    [
      'others may write to',
      async () => {
        await mkdir(path);
        await chmod(path, 0o777);
      },
    ],
    [
      'is somebody else’s',
      async () => {
        await mkdir(path);
        await chown(path, 54_321, 54_321);
      },
    ],
  ])('is not one that %s, which somebody else made first', async (_, plant) => {
    await plant();
    await expect(makeViewPoint(path)).rejects.toMatchObject({ code: 'missing_prerequisite' });
  });
});
