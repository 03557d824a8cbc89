import type { FileEntry } from './capsule-files.ts';

export const fileSorts = ['name', 'size', 'modified', 'owner'] as const;
export type FileSort = (typeof fileSorts)[number];
export type Order = 'asc' | 'desc';

/** As people count: `a2` before `a10`. */
const names = new Intl.Collator('en', { numeric: true });

/** Folders first, whatever the order; those that are equal by their names. */
export function sortEntries(
  entries: readonly FileEntry[],
  sort: FileSort,
  order: Order,
): readonly FileEntry[] {
  const sign = order === 'asc' ? 1 : -1;
  return entries.toSorted(
    (a, b) =>
      Number(b.type === 'directory') - Number(a.type === 'directory') ||
      sign * compared(a, b, sort) ||
      names.compare(a.name, b.name) ||
      // Names that read alike are still two.
      Number(a.name > b.name) - Number(a.name < b.name),
  );
}

function compared(a: FileEntry, b: FileEntry, sort: FileSort): number {
  switch (sort) {
    case 'name':
      return names.compare(a.name, b.name);
    case 'size':
      return a.size - b.size;
    case 'modified':
      return a.modified_at - b.modified_at;
    case 'owner':
      return names.compare(a.owner, b.owner);
  }
}
