import { describe, expect, it } from 'vitest';
import type { FileEntry } from './capsule-files.ts';
import { type FileSort, type Order, sortEntries } from './sort-entries.ts';

function entry(name: string, facts: Partial<FileEntry> = {}): FileEntry {
  return {
    ...{ name, path: `/${name}`, type: 'file', size: 1, mode: 0o644, permissions: '-rw-r--r--' },
    ...{ owner: 'user', group: 'user', modified_at: 0 },
    ...facts,
  };
}

const entries = [
  entry('a10', { size: 5, modified_at: 1 }),
  entry('a2', { size: 7, modified_at: 3 }),
  entry('z', { type: 'directory', modified_at: 2, owner: 'root' }),
  entry('b', { size: 5, modified_at: 9 }),
];
const sorted = (sort: FileSort, order: Order) => sortEntries(entries, sort, order).map(({ name }) => name);

describe('a folder', () => {
  it('is shown by names as people count, with folders first in either order', () => {
    expect(sorted('name', 'asc')).toEqual(['z', 'a2', 'a10', 'b']);
    expect(sorted('name', 'desc')).toEqual(['z', 'b', 'a10', 'a2']);
  });

  it('is shown by size and time, and by name where those are equal', () => {
    expect(sorted('size', 'asc')).toEqual(['z', 'a10', 'b', 'a2']);
    expect(sorted('modified', 'desc')).toEqual(['z', 'b', 'a2', 'a10']);
  });
});
