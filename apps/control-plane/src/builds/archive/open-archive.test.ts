import { gzipSync, zstdCompressSync } from 'node:zlib';
import { WrennError } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import { openArchive } from './open-archive.ts';
import { archiveFile, refusalOf } from './testing/archive-file.ts';
import { paxRecord, type TarMember, tarMember, tarOf } from './testing/make-tar.ts';
import { zipOf } from './testing/make-zip.ts';

const hello = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
const tar = tarOf({ name: './a/', type: '5', mode: 0o750 }, { name: './a/b', content: 'hello', mode: 0o600 });

async function indexOf(bytes: Buffer) {
  await using file = await archiveFile(bytes);
  return (await file.open()).entries;
}

describe('an archive is told by its bytes and indexed', () => {
  it.each([
    ['tar', tar],
    ['tar.gz', gzipSync(tar)],
    [
      'zip',
      zipOf([
        { name: 'a/', mode: 0o40750 },
        { name: 'a/b', content: 'hello', mode: 0o100600 },
      ]),
    ],
  ])('%s', async (kind, bytes) => {
    await using file = await archiveFile(bytes);
    const archive = await file.open();
    expect(archive.kind).toBe(kind);
    expect(archive.entries).toMatchObject([
      { kind: 'directory', path: 'a', mode: 0o750 },
      { kind: 'file', path: 'a/b', mode: 0o600, size: 5, sha256: hello },
    ]);
  });

  it('a gzip of several parts is one', async () => {
    const parts = Buffer.concat([gzipSync(tar.subarray(0, 700)), gzipSync(tar.subarray(700))]);
    expect(await indexOf(parts)).toHaveLength(2);
  });

  it.each([
    ['zstd', zstdCompressSync(tar), /looks like zstd/],
    ['xz', Buffer.from('fd377a585a0000', 'hex'), /looks like xz/],
    ['nothing', Buffer.alloc(0), /is empty/],
    ['a text', Buffer.from('hello'), /neither tar, tar\.gz nor zip$/],
    ['a gzip of a text', gzipSync('hello'), /damaged/],
  ])('%s is refused', async (_what, bytes, message) => {
    expect(await refusalOf(bytes)).toMatchObject({
      code: 'invalid_request',
      field: 'archive',
      message: expect.stringMatching(message),
    });
  });
});

describe('the index is the tree that unpacking would make', () => {
  it('has the directories that are only implied', async () => {
    expect(await indexOf(tarOf({ name: 'a/b/c' }))).toMatchObject([
      { kind: 'directory', path: 'a', mode: 0o755 },
      { kind: 'directory', path: 'a/b' },
      { kind: 'file', path: 'a/b/c' },
    ]);
  });

  it('has the later one of two members of the same path', async () => {
    const entries = await indexOf(
      tarOf(
        { name: 'a', content: 'one' },
        { name: './a', content: 'hello' },
        { name: 'd', type: '2', link: 'a' },
        {
          name: 'd/',
          type: '5',
        },
      ),
    );
    expect(entries).toMatchObject([
      { path: 'a', sha256: hello },
      { path: 'd', kind: 'directory' },
    ]);
  });

  it('has a hard link as a file with the content that its target had by then', async () => {
    const entries = await indexOf(
      tarOf(
        { name: 'a', content: 'hello', mode: 0o755 },
        { name: 'b', type: '1', link: './a' },
        { name: 'a' },
      ),
    );
    expect(entries).toMatchObject([
      { path: 'a', size: 0 },
      { path: 'b', kind: 'file', size: 5, sha256: hello, mode: 0o755 },
    ]);
  });

  it('keeps setuid, and links wherever they point', async () => {
    const entries = await indexOf(
      tarOf({ name: 's', mode: 0o4755 }, { name: 'l', type: '2', link: '../../etc/passwd' }),
    );
    expect(entries).toMatchObject([
      { path: 'l', kind: 'symlink', linkTarget: '../../etc/passwd' },
      { path: 's', mode: 0o4755 },
    ]);
  });

  it('takes names from pax and GNU headers', async () => {
    const long = `${'n'.repeat(200)}/${'m'.repeat(200)}`;
    const entries = await indexOf(
      tarOf(
        paxRecord('comment', 'a commit', 'g'),
        paxRecord('path', `${long}/é`),
        { name: 'short' },
        { name: '././@LongLink', type: 'L', content: `${long}/gnu\0` },
        { name: 'short' },
      ),
    );
    expect(entries.slice(-2).map(({ path }) => path)).toEqual([`${long}/gnu`, `${long}/é`]);
  });
});

describe('a tar is refused, and the entry named, when', () => {
  const refusals: readonly [string, readonly TarMember[], RegExp][] = [
    ['a path is absolute', [{ name: '/etc/passwd' }], /"\/etc\/passwd" is an absolute path/],
    ['a path leads out', [{ name: 'a/../../b' }], /leads out of the archive/],
    ['a name has a control character', [{ name: 'a\nb' }], /"a\\nb" has a control character/],
    ['a name has a NUL', [paxRecord('path', 'a\0b'), { name: 'x' }], /"a\\u0000b" has a control character/],
    ['a name is not UTF-8', [{ name: Buffer.from([0x61, 0xff]) }], /not UTF-8/],
    [
      'a path is of 10^4 characters',
      [paxRecord('path', 'a/'.repeat(5000)), { name: 'x' }],
      /more than 4096 bytes/,
    ],
    [
      'a part of a path is too long',
      [paxRecord('path', 'a'.repeat(256)), { name: 'x' }],
      /more than 255 bytes/,
    ],
    [
      'a path is beneath a link',
      [{ name: 'l', type: '2', link: '/etc' }, { name: 'l/x' }],
      /beneath a symbolic link/,
    ],
    ['a path is beneath a file', [{ name: 'f' }, { name: 'f/x/y' }], /beneath a file/],
    [
      'a file takes the place of a full directory',
      [{ name: 'd/x' }, { name: 'd' }],
      /directory with something in it/,
    ],
    ['a hard link names what comes later', [{ name: 'h', type: '1', link: 'f' }, { name: 'f' }], /hard link/],
    [
      'a hard link names a link',
      [
        { name: 'l', type: '2', link: 'x' },
        { name: 'h', type: '1', link: 'l' },
      ],
      /hard link/,
    ],
    ['a hard link leads out', [{ name: 'h', type: '1', link: '../x' }], /leads out/],
    ['a link has no target', [{ name: 'l', type: '2' }], /without a target/],
    ['there is a character device', [{ name: 'dev/null', type: '3' }], /"dev\/null" is a device/],
    ['there is a block device', [{ name: 'sda', type: '4' }], /is a device/],
    ['there is a named pipe', [{ name: 'p', type: '6' }], /is a named pipe/],
    ['there is a sparse file of GNU tar', [{ name: 's', type: 'S' }], /not supported/],
    [
      'there is a sparse file of pax',
      [paxRecord('GNU.sparse.major', '1'), { name: 's' }],
      /is a sparse file/,
    ],
    ['a directory has content', [{ name: 'd', type: '5', content: 'x' }], /has content/],
  ];
  it.each(refusals)('%s', async (_when, members, message) => {
    expect(await refusalOf(tarOf(...members))).toMatchObject({
      code: 'invalid_request',
      field: 'archive',
      message: expect.stringMatching(message),
    });
  });

  const whole = tarOf({ name: 'a', content: 'x'.repeat(1000) });
  it.each([
    ['it is cut in a file', whole.subarray(0, 1024)],
    ['it is cut after a file', whole.subarray(0, 1536)],
    ['a header is damaged', Buffer.concat([tarMember({ name: 'a' }), Buffer.alloc(512, 'x')])],
    ['something follows its end', Buffer.concat([whole, Buffer.from('garbage')])],
    ['a block of something follows its end', Buffer.concat([whole, Buffer.alloc(512, 1)])],
    ['its gzip is cut', gzipSync(whole).subarray(0, -12)],
    ['its gzip is damaged', Buffer.concat([gzipSync(whole).subarray(0, -8), Buffer.alloc(8)])],
    ['something follows its gzip', Buffer.concat([gzipSync(whole), Buffer.from('garbage')])],
    [
      'zeros and something follow its gzip',
      Buffer.concat([gzipSync(whole), Buffer.alloc(99), Buffer.from('x')]),
    ],
    [
      'names go on without an entry',
      tarOf(...Array.from({ length: 700 }, () => paxRecord('path', 'x'.repeat(900)))),
    ],
  ])('%s', async (_when, bytes) => {
    expect(await refusalOf(bytes)).toMatchObject({ code: 'invalid_request', field: 'archive' });
  });
});

it('a name in a refusal is shortened', async () => {
  const thrown = await refusalOf(tarOf(paxRecord('path', `/${'x'.repeat(4000)}`), { name: 'x' }));
  expect(thrown).toBeInstanceOf(WrennError);
  expect(String(thrown).length).toBeLessThan(300);
});

it.each([
  ['tar', tar],
  ['tar.gz', gzipSync(tar)],
  ['zip', zipOf([{ name: 'a' }])],
])('reading a %s ends when it is cancelled', async (_kind, bytes) => {
  await using file = await archiveFile(bytes);
  const cancel = new AbortController();
  const reason = new WrennError('cancelled', 'the build was cancelled');
  const opening = openArchive(file.path, undefined, cancel.signal);
  cancel.abort(reason);
  await expect(opening).rejects.toBe(reason);
  await expect(openArchive(file.path, undefined, cancel.signal)).rejects.toBe(reason);
});

it('a file that is not there is no refusal', async () => {
  await expect(openArchive('/nowhere/archive')).rejects.toMatchObject({ code: 'internal_error' });
});
