import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nextDirectoryNames } from './directory-names.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sys-names-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function namesIn(path: string, before: (fd: number) => void = () => undefined): string[] {
  const fd = openSync(path, 'r');
  try {
    before(fd);
    const names: string[] = [];
    for (let next = nextDirectoryNames(fd); next !== undefined; next = nextDirectoryNames(fd))
      names.push(...next);
    return names;
  } finally {
    closeSync(fd);
  }
}

test('all names come, in batches, without those of the folder itself and the one above', () => {
  const wanted = Array.from({ length: 1200 }, (_, index) => `${index}-${'n'.repeat(index % 200)}`);
  for (const name of wanted) writeFileSync(join(folder, name), '');
  expect(namesIn(folder).toSorted()).toStrictEqual(wanted.toSorted());
});

test('a name is its bytes', () => {
  const bytes = Buffer.from(
    Uint8Array.from({ length: 254 }, (_, index) => index + 1).filter((byte) => byte !== 0x2f),
  );
  writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), bytes]), '');
  expect(namesIn(folder)).toStrictEqual([bytes.toString('latin1')]);
});

test('an empty folder has none, and one that was removed too', () => {
  expect(namesIn(folder)).toStrictEqual([]);
  mkdirSync(join(folder, 'gone'));
  expect(namesIn(join(folder, 'gone'), () => rmdirSync(join(folder, 'gone')))).toStrictEqual([]);
});

test('a file has no names', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => namesIn(join(folder, 'file'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
});
