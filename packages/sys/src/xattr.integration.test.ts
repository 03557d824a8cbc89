import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listXattrs, readXattr, removeXattr, writeXattr } from './xattr.ts';

const openPathOnly = 0o10000000;

let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sys-xattr-'));
});
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  file = join(folder, crypto.randomUUID());
  writeFileSync(file, '');
});
const code = (name: string) => expect.objectContaining({ code: name });

test('an attribute is set, listed, read, replaced and removed', () => {
  writeXattr(file, 'user.one', Buffer.from('first'));
  writeXattr(file, 'user.two', Buffer.alloc(0));
  expect(listXattrs(file).toSorted()).toStrictEqual(['user.one', 'user.two']);
  writeXattr(file, 'user.one', Buffer.from([0, 255]));
  expect(readXattr(file, 'user.one')).toStrictEqual(Buffer.from([0, 255]));
  expect(readXattr(file, 'user.two').length).toBe(0);
  removeXattr(file, 'user.one');
  expect(listXattrs(file)).toStrictEqual(['user.two']);
});

test('lists and values longer than the first guess come whole', () => {
  const names = Array.from({ length: 12 }, (_, index) => `user.${'n'.repeat(150)}${index}`);
  for (const name of names) writeXattr(file, name, Buffer.from('v'));
  expect(listXattrs(file).toSorted()).toStrictEqual(names.toSorted());
  const other = `${file}-other`;
  writeFileSync(other, '');
  writeXattr(other, 'user.long', Buffer.alloc(3000, 'x'));
  expect(readXattr(other, 'user.long')).toStrictEqual(Buffer.alloc(3000, 'x'));
});

test.each([
  ['opened', 0],
  ['opened as a path only', openPathOnly],
])('a file is named by its descriptor, %s', (_how, flags) => {
  const fd = openSync(file, flags);
  try {
    writeXattr(fd, 'user.by', Buffer.from('descriptor'));
    expect(readXattr(file, 'user.by').toString()).toBe('descriptor');
    expect(listXattrs(fd)).toStrictEqual(['user.by']);
    removeXattr(fd, 'user.by');
  } finally {
    closeSync(fd);
  }
});

test('a path of bytes, and one through a link, name the file too', () => {
  const link = `${file}-link`;
  symlinkSync(file, link);
  writeXattr(Buffer.from(link), 'user.by', Buffer.from('link'));
  expect(readXattr(file, 'user.by').toString()).toBe('link');
});

test('what is not there says so', () => {
  expect(() => readXattr(file, 'user.none')).toThrow(code('ENODATA'));
  expect(() => removeXattr(file, 'user.none')).toThrow(code('ENODATA'));
  expect(() => listXattrs(`${file}-none`)).toThrow(code('ENOENT'));
});

test('a path with a NUL is not cut off there', () => {
  expect(() => listXattrs(`${file}\0x`)).toThrow(TypeError);
});
