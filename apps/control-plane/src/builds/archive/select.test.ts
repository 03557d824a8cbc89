import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Archive } from './archive.ts';
import { archiveFile, listTar, type OpenedFile } from './testing/archive-file.ts';
import { type TarMember, tarOf } from './testing/make-tar.ts';

let file: OpenedFile;
let archive: Archive;
const noSignal = new AbortController().signal;

const members: TarMember[] = [
  { name: 'a.txt', content: 'a' },
  { name: 'b.txt', content: 'b' },
  { name: 'c[0].md', content: 'c' },
  { name: 'src/', type: '5', mode: 0o700 },
  { name: 'src/main.ts', content: 'main' },
  { name: 'src/lib/util.ts', content: 'util', mode: 0o755 },
  { name: 'src/link', type: '2', link: '/nowhere' },
  { name: 'empty/', type: '5' },
  { name: 'to-src', type: '2', link: 'src/lib/..' },
  { name: 'to-a', type: '2', link: '/../a.txt' },
  { name: 'circle', type: '2', link: 'circle' },
  { name: 'broken', type: '2', link: 'missing' },
  { name: 'hard.txt', type: '1', link: 'a.txt' },
];

beforeAll(async () => {
  file = await archiveFile(tarOf(...members));
  archive = await file.open();
});
afterAll(() => file[Symbol.asyncDispose]());

const copied = (sources: string[], destination = '/to/', ignored = (_path: string) => false) =>
  listTar(archive.select(sources, ignored).tar({ destination }, noSignal));

const src = ['d lib 755', 'f main.ts 644 main', 'f lib/util.ts 755 util', 'l link -> /nowhere'];

describe('COPY', () => {
  it('copies a file into a directory, or under another name', async () => {
    expect(await copied(['a.txt'])).toEqual(['f a.txt 644 a']);
    expect(await copied(['./src/../a.txt'], '/to/new')).toEqual(['f new 644 a']);
  });

  it.each(['src', '/src/', 'src/.', 'to-src'])('copies what is in the directory %s', async (source) => {
    expect(await copied([source], '/to')).toEqual(src);
  });

  it('copies all', async () => {
    const found = archive.select(['.']);
    expect(found.shape).toBe('directory');
    expect(await copied(['.', '/'])).toHaveLength(archive.entries.length);
  });

  it('copies an empty directory as nothing', async () => {
    expect(await copied(['empty'])).toEqual([]);
  });

  it('merges several sources, the later one over the earlier one', async () => {
    expect(await copied(['src', 'to-src/lib', 'a.txt'])).toEqual([
      'd lib 755',
      'f a.txt 644 a',
      'f main.ts 644 main',
      'f lib/util.ts 755 util',
      'f util.ts 755 util',
      'l link -> /nowhere',
    ]);
  });

  it('copies what matches wildcards, which do not cross a slash', async () => {
    expect(await copied(['?.txt'])).toEqual(['f a.txt 644 a', 'f b.txt 644 b']);
    expect(await copied(['*/*.ts'])).toEqual(['f main.ts 644 main']);
    expect(await copied(['to-src/l?b/*'])).toEqual(['f util.ts 755 util']);
    expect(await copied(['c[[]0].md', 'c\\[0].md'])).toEqual(['f c[0].md 644 c']);
  });

  it('follows a link that is named, under its own name', async () => {
    expect(await copied(['to-a'])).toEqual(['f to-a 644 a']);
  });

  it('copies a hard link as a file', async () => {
    expect(await copied(['hard.txt', 'a.txt'])).toEqual(['f a.txt 644 a', 'f hard.txt 644 a']);
  });

  it('leaves out what is ignored, and keeps the directories of what is not', async () => {
    const ignored = (path: string) => path.startsWith('src') && path !== 'src/lib/util.ts';
    expect(await copied(['src'], '/to/', ignored)).toEqual(['d lib 755', 'f lib/util.ts 755 util']);
  });

  it.each(['missing', 'src/missing/*', '*.zip', 'circle', 'broken', 'a.txt/x', 'br*'])(
    'refuses %s, which is not in the archive',
    (source) => {
      expect(() => archive.select(['a.txt', source])).toThrowError(
        expect.objectContaining({ code: 'invalid_request', message: expect.stringContaining(source) }),
      );
    },
  );

  it('refuses a source that is ignored', () => {
    expect(() => archive.select(['a.txt'], () => true)).toThrow(/"a\.txt" is not in the archive/);
  });

  it('refuses a source that leads out', () => {
    expect(() => archive.select(['../a.txt'])).toThrow(/leads out/);
  });

  it('refuses several sources for a destination that is no directory', () => {
    expect(() => archive.select(['a.txt', 'b.txt']).tar({ destination: '/to' }, noSignal)).toThrow(
      /not written as a directory/,
    );
  });
});

describe('the key of a selection', () => {
  async function keyOf(...changed: TarMember[]): Promise<string> {
    await using other = await archiveFile(tarOf(...changed));
    return (await other.open()).select(['.']).key();
  }
  const one = { name: 'a', content: 'one' };

  it('is the same whatever the times and the order', async () => {
    expect(await keyOf(one, { name: 'b' })).toBe(await keyOf({ name: 'b' }, { ...one, mtime: 1 }));
  });

  it.each([
    ['content', { ...one, content: 'two' }],
    ['mode', { ...one, mode: 0o755 }],
    ['path', { ...one, name: 'b' }],
    ['kind', { name: 'a', type: '2', link: 'one' }],
  ])('is another with another %s', async (_what, changed) => {
    expect(await keyOf(changed)).not.toBe(await keyOf(one));
  });
});

describe('the tar of a selection', () => {
  it('has a large content of several files as often as it is needed', async () => {
    const content = Buffer.alloc(17 * 2 ** 20, 'large');
    await using large = await archiveFile(
      tarOf({ name: 'a', content }, { name: 'b', type: '1', link: 'a' }, { name: 'c', type: '1', link: 'a' }),
    );
    const list = await listTar((await large.open()).select(['.']).tar({ destination: '/' }, noSignal));
    expect(list.map((line) => [line.slice(0, 8), line.length])).toEqual(
      ['a', 'b', 'c'].map((name) => [`f ${name} 644 `, content.length + 8]),
    );
  });

  it('ends with a fault when the archive is another one meanwhile', async () => {
    await using first = await archiveFile(tarOf({ name: 'a', content: 'one' }));
    const selection = (await first.open()).select(['a']);
    await writeFile(first.path, tarOf({ name: 'a', content: 'two' }));
    await expect(listTar(selection.tar({ destination: '/' }, noSignal))).rejects.toThrow(/changed/);
  });

  it('ends when it is cancelled', async () => {
    const cancel = new AbortController();
    const tar = archive.select(['.']).tar({ destination: '/' }, cancel.signal);
    cancel.abort();
    await expect(listTar(tar)).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('one file of an archive', () => {
  it('is read by itself', async () => {
    expect(await archive.content('src/main.ts', 100, noSignal)).toEqual(Buffer.from('main'));
    expect(await archive.content('src', 100, noSignal)).toBeUndefined();
    expect(await archive.content('missing', 100, noSignal)).toBeUndefined();
  });

  it('is refused when it is long', async () => {
    await expect(archive.content('src/main.ts', 3, noSignal)).rejects.toMatchObject({ code: 'too_large' });
  });
});
