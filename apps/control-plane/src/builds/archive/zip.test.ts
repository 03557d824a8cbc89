import { describe, expect, it } from 'vitest';
import { archiveFile, listTar, refusalOf } from './testing/archive-file.ts';
import { type ZipMember, zipOf } from './testing/make-zip.ts';

const noSignal = new AbortController().signal;

async function listOf(members: readonly ZipMember[]): Promise<string[]> {
  await using file = await archiveFile(zipOf(members));
  return await listTar((await file.open()).select(['.']).tar({ destination: '/' }, noSignal));
}

describe('an entry of a zip is', () => {
  it('a symbolic link by its attributes, with its content as target', async () => {
    expect(await listOf([{ name: 'l', mode: 0o120777, content: '../x' }])).toEqual(['l l -> ../x']);
  });

  it('of the usual permissions where no Unix wrote it', async () => {
    expect(await listOf([{ name: 'd\\e\\' }, { name: 'd\\f', content: 'x' }])).toEqual([
      'd d 755',
      'd d/e 755',
      'f d/f 644 x',
    ]);
  });

  it('named in UTF-8 where it can be, said or not', async () => {
    expect(await listOf([{ name: 'é', flags: 0 }])).toEqual(['f é 644 ']);
  });

  it('stored or deflated, small or large', async () => {
    const large = 'large '.repeat(300_000);
    expect(
      await listOf([
        { name: 'a', content: large },
        { name: 'b', content: large, method: 0 },
        { name: 'c', content: 'small', method: 0 },
      ]),
    ).toEqual([`f a 644 ${large}`, `f b 644 ${large}`, 'f c 644 small']);
  });
});

describe('a zip is refused, and the entry named, when', () => {
  const large = Buffer.alloc(2 * 2 ** 20, 'x');
  const refusals: readonly [string, ZipMember, RegExp][] = [
    ['a path is absolute', { name: '/x' }, /"\/x" is an absolute path/],
    ['a path leads out', { name: '..\\x' }, /leads out/],
    ['an entry is encrypted', { name: 'x', flags: 1 }, /"x" is encrypted/],
    ['an entry is compressed in another way', { name: 'x', method: 12 }, /compressed by method 12/],
    ['an entry is a device', { name: 'x', mode: 0o020644 }, /neither a file/],
    ['a checksum is another', { name: 'x', content: 'x', crc: 1 }, /"x" is damaged/],
    ['a small entry is smaller than it says', { name: 'x', content: 'x', size: 2 }, /"x" is smaller/],
    ['a small entry is larger than it says', { name: 'x', content: 'xxx', size: 2 }, /"x" is larger/],
    ['a large entry is smaller than it says', { name: 'x', content: large, size: 2 ** 22 }, /"x" is smaller/],
    [
      'a large entry is larger than it says',
      { name: 'x', content: large, size: 2 ** 20 + 1 },
      /"x" is larger/,
    ],
    [
      'something is hidden behind an entry',
      { name: 'x', content: 'x', tail: Buffer.from('y') },
      /"x" is smaller/,
    ],
    [
      'a link has a long target',
      { name: 'x', mode: 0o120777, content: 'x'.repeat(5000) },
      /too long a target/,
    ],
  ];
  it.each(refusals)('%s', async (_when, member, message) => {
    expect(await refusalOf(zipOf([member]))).toMatchObject({
      code: 'invalid_request',
      field: 'archive',
      message: expect.stringMatching(message),
    });
  });

  const whole = zipOf([{ name: 'a', content: 'x'.repeat(1000) }, { name: 'b' }]);
  it.each([
    ['it is cut', whole.subarray(0, -30)],
    ['something follows it', Buffer.concat([whole, Buffer.from('x')])],
    ['it holds more entries than it says', zipOf([{ name: 'a' }, { name: 'b' }], 1)],
    ['it says that it holds more entries than it does', zipOf([{ name: 'a' }], 2)],
  ])('%s', async (_when, bytes) => {
    expect(await refusalOf(bytes)).toMatchObject({ code: 'invalid_request', field: 'archive' });
  });
});
