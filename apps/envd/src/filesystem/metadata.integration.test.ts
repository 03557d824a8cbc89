import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeXattr } from '@wrenn/sys';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readMetadata, replaceMetadata } from './metadata.ts';

let folder: string;
let file: string;
let fd: number;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'envd-metadata-'));
  file = join(folder, 'file');
  writeFileSync(file, '');
  fd = openSync(file, 'r+');
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true });
});

test('metadata is replaced as a whole, and other attributes stay', () => {
  writeXattr(fd, 'user.other', Buffer.from('stays'));
  replaceMetadata(fd, { author: 'ada', purpose: 'a test' });
  expect(readMetadata(fd)).toStrictEqual({ author: 'ada', purpose: 'a test' });
  replaceMetadata(fd, { author: 'bob', empty: '' });
  expect(readMetadata(file)).toStrictEqual({ author: 'bob', empty: '' });
  replaceMetadata(fd, {});
  expect(readMetadata(fd)).toStrictEqual({});
});

test('a key that objects have themselves is one like any other', () => {
  replaceMetadata(fd, JSON.parse('{"__proto__": "a", "constructor": "b"}'));
  expect(Object.entries(readMetadata(fd)).toSorted()).toStrictEqual([
    ['__proto__', 'a'],
    ['constructor', 'b'],
  ]);
});

test('where no attributes are kept there is no metadata, and giving some is refused', () => {
  const inProc = openSync('/proc/self/comm', 'r+');
  try {
    expect(readMetadata(inProc)).toStrictEqual({});
    replaceMetadata(inProc, {});
    expect(() => replaceMetadata(inProc, { a: 'b' })).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'metadata' }),
    );
  } finally {
    closeSync(inProc);
  }
});

test('of what has gone there is no metadata', () => {
  expect(readMetadata(`${file}-none`)).toStrictEqual({});
});
