import type { IconName } from '#lib/ui/Icon.svelte';
import type { FileEntry } from './capsule-files.ts';

export type Kind = 'folder' | 'file' | 'broken link' | 'device' | 'pipe' | 'socket' | 'other';

/** What an entry is, or what its link leads to. */
export function kindOf({ type, permissions, symlink_target }: FileEntry): Kind {
  if (type === 'directory') return 'folder';
  if (type === 'file') return 'file';
  const letter = permissions.slice(0, 1).toLowerCase();
  if (letter === 'l' || symlink_target !== undefined) return 'broken link';
  if (letter === 'c' || letter === 'b' || letter === 'd') return 'device';
  if (letter === 'p') return 'pipe';
  return letter === 's' ? 'socket' : 'other';
}

/** Why what an entry holds is not shown; undefined where it can be. */
export function whyNotShown(kind: Kind): string | undefined {
  switch (kind) {
    case 'folder':
    case 'file':
      return undefined;
    case 'broken link':
      return 'This link leads to nothing, or to something that is no file.';
    case 'device':
      return 'This is a device: it has no beginning and no end that could be shown.';
    case 'pipe':
      return 'This is a pipe: reading from it would take away what programs say to each other.';
    case 'socket':
      return 'This is a socket of programs, and holds nothing.';
    case 'other':
      return 'This is neither a file nor a folder, and is not shown.';
  }
}

export function iconOf(kind: Kind, isLink: boolean): IconName {
  if (kind === 'folder') return 'folder';
  if (isLink) return 'link';
  return kind === 'file' ? 'file' : 'warn';
}
