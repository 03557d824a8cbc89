import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lastLines, tailOf } from './last-lines.ts';

describe('what a VMM or a guest wrote last', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'last-lines-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('is the end of its file, however long that is', async () => {
    const path = join(directory, 'long');
    await writeFile(path, `${'x'.repeat(10_000_000)}\nthe end\n`);
    const tail = await tailOf(path);
    expect(tail.length).toBe(2_000);
    expect(lastLines(tail)).toMatch(/^x+ \| the end$/);
  });

  it('is nothing where there is no file, and no other file where a link stands in its place', async () => {
    expect(lastLines(await tailOf(join(directory, 'none')))).toBe('nothing');
    const link = join(directory, 'link');
    await symlink('/etc/hostname', link);
    await expect(tailOf(link)).rejects.toMatchObject({ code: 'ELOOP' });
  });

  it('is a few printable lines on one', () => {
    const printed = Buffer.from('1\n2\n3\n4\n5\n\u001b[31m6\u001b[0m\n\u0007\n 7\u0000 \n');
    expect(lastLines(printed)).toBe('2 | 3 | 4 | 5 | 6 | 7');
  });
});
