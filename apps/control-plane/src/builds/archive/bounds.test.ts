import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { archiveBounds } from './bounds.ts';
import { refusalOf } from './testing/archive-file.ts';
import { paxRecord, tarMember, tarOf } from './testing/make-tar.ts';
import { zipOf } from './testing/make-zip.ts';

const tooLarge = (message: RegExp) => ({
  code: 'too_large',
  field: 'archive',
  message: expect.stringMatching(message),
});

/** The bytes `count` times, compressed once: parts of a gzip are a gzip. */
function repeated(bytes: Buffer, count: number): Buffer {
  const part = gzipSync(bytes);
  return Buffer.concat(Array.from({ length: count }, () => part));
}

describe('an archive is too large when', () => {
  it('it has 10^6 entries', async () => {
    const many = Buffer.concat(
      Array.from({ length: 10_000 }, (_, index) => tarMember({ name: `f${index}` })),
    );
    const bounds = { ...archiveBounds, entries: 5000 };
    expect(await refusalOf(repeated(many, 100), bounds)).toMatchObject(tooLarge(/more than 5000 entries/));
  });

  it('a zip says that it has more entries than may be', async () => {
    const bounds = { ...archiveBounds, entries: 100 };
    expect(await refusalOf(zipOf([{ name: 'a' }], 60_000), bounds)).toMatchObject(tooLarge(/100 entries/));
  });

  it('directories are only implied', async () => {
    const bounds = { ...archiveBounds, entries: 100 };
    const deep = tarOf(paxRecord('path', 'd/'.repeat(200)), { name: 'x', type: '5' });
    expect(await refusalOf(deep, bounds)).toMatchObject(tooLarge(/100 entries/));
  });

  it('a header says that its file is', async () => {
    const bytes = Buffer.concat([tarMember({ name: 'large', size: 6 * 2 ** 30 }), Buffer.alloc(1024)]);
    const bounds = { ...archiveBounds, ratio: Number.POSITIVE_INFINITY };
    expect(await refusalOf(bytes, bounds)).toMatchObject(tooLarge(/"large" makes it unpack to more than/));
  });

  it('it is a bomb of gzip', async () => {
    const file = tarMember({ name: 'bomb', size: 4 * 2 ** 30 }).subarray(0, 512);
    const bomb = Buffer.concat([gzipSync(file), repeated(Buffer.alloc(2 ** 22), 64)]);
    expect(await refusalOf(bomb)).toMatchObject(tooLarge(/"bomb" .*200 times its size/));
  });

  it('what belongs to no entry is a bomb of gzip', async () => {
    const tail = Buffer.concat([gzipSync(tarOf({ name: 'a' })), repeated(Buffer.alloc(2 ** 22), 64)]);
    expect(await refusalOf(tail)).toMatchObject(tooLarge(/200 times its size/));
  });

  it('it is a bomb of zip', async () => {
    const zeros = Buffer.alloc(9 * 2 ** 20);
    const bomb = zipOf([
      { name: 'a', content: zeros },
      { name: 'b', content: zeros },
    ]);
    expect(await refusalOf(bomb)).toMatchObject(tooLarge(/"b" .*200 times its size/));
  });

  it('hard links make many files of one', async () => {
    const bounds = { ...archiveBounds, bytes: 100_000 };
    const links = Array.from({ length: 10 }, (_, index) => ({ name: `l${index}`, type: '1', link: 'f' }));
    const bytes = tarOf({ name: 'f', content: 'x'.repeat(10_000) }, ...links);
    expect(await refusalOf(bytes, bounds)).toMatchObject(tooLarge(/more than 100000 bytes/));
  });
});

it('a short archive of nothing but zeros is no bomb', async () => {
  expect(await refusalOf(gzipSync(tarOf({ name: 'zeros', content: Buffer.alloc(2 ** 23) })))).toBeUndefined();
});
