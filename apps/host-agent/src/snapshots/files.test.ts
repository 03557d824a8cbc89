import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { checksumOf } from './files.ts';

const mebibyte = 1 << 20;

it('a file has the same checksum whether its zeros are holes or were written', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'checksum-'));
  try {
    await using holes = await open(join(directory, 'holes'), 'wx+');
    await using written = await open(join(directory, 'written'), 'wx+');
    await holes.truncate(23 * mebibyte);
    await written.write(Buffer.alloc(23 * mebibyte), 0, undefined, 0);
    expect(await checksumOf(holes)).toBe(await checksumOf(written));
    for (const at of [0, 5 * mebibyte - 1, 12 * mebibyte, 23 * mebibyte - 3])
      for (const file of [holes, written]) await file.write(Buffer.from('abc'), 0, undefined, at);
    expect(await checksumOf(holes)).toBe(await checksumOf(written));
  } finally {
    await rm(directory, { recursive: true });
  }
});
