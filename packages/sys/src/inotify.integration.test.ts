import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  addInotifyWatch,
  inotifyBits as bits,
  openInotify,
  parseInotifyEvents,
  removeInotifyWatch,
  unreadInotifyBytes,
} from './inotify.ts';

const everything = bits.create | bits.modify | bits.attributes | bits.movedFrom | bits.movedTo | bits.delete;
let directory: string;
let fd: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sys-inotify-'));
  fd = openInotify();
});
afterEach(() => {
  closeSync(fd);
  rmSync(directory, { recursive: true });
});

/** What waits now: a read with nothing there would block. */
function events() {
  const buffer = Buffer.alloc(unreadInotifyBytes(fd));
  return buffer.length === 0 ? [] : [...parseInotifyEvents(buffer.subarray(0, readSync(fd, buffer)))];
}

test('what happens in a watched directory is told in its order', () => {
  const watch = addInotifyWatch(fd, directory, everything);
  writeFileSync(join(directory, 'a'), 'text');
  chmodSync(join(directory, 'a'), 0o600);
  renameSync(join(directory, 'a'), join(directory, 'b'));
  rmSync(join(directory, 'b'));
  mkdirSync(join(directory, 'c'));
  const found = events();
  expect(found.map(({ bits: is, name }) => [is, name])).toEqual([
    [bits.create, 'a'],
    [bits.modify, 'a'],
    [bits.attributes, 'a'],
    [bits.movedFrom, 'a'],
    [bits.movedTo, 'b'],
    [bits.delete, 'b'],
    [bits.create | bits.isDirectory, 'c'],
  ]);
  expect(new Set(found.map((event) => event.watch))).toEqual(new Set([watch]));
  expect(found[3]?.cookie).toBe(found[4]?.cookie);
  expect(found[3]?.cookie).not.toBe(0);
});

test('a directory has one watch whatever its path, and a removed watch says so', () => {
  const watch = addInotifyWatch(fd, directory, everything);
  expect(addInotifyWatch(fd, join(directory, '.'), everything)).toBe(watch);
  removeInotifyWatch(fd, watch);
  expect(events()).toEqual([{ watch, bits: bits.ignored, cookie: 0, name: '' }]);
  expect(() => removeInotifyWatch(fd, watch)).toThrow(expect.objectContaining({ code: 'EINVAL' }));
});

test('what is not there, and what is no directory, is refused', () => {
  const missing = join(directory, 'none');
  expect(() => addInotifyWatch(fd, missing, everything)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  const file = join(directory, 'file');
  writeFileSync(file, '');
  expect(() => addInotifyWatch(fd, file, everything | bits.onlyDirectory)).toThrow(
    expect.objectContaining({ code: 'ENOTDIR' }),
  );
});
