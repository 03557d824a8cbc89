import { refusal } from './refusal.ts';

export type ArchiveKind = 'tar' | 'tar.gz' | 'zip';

/** How much of a file tells what it is. */
export const headBytes = 512;

const starts = [
  ['1f8b', 'tar.gz'],
  ['504b0304', 'zip'],
  // A zip without entries.
  ['504b0506', 'zip'],
] as const satisfies readonly (readonly [string, ArchiveKind])[];

/** What people upload by mistake, so that the refusal names it. */
const others = [
  ['28b52ffd', 'zstd'],
  ['fd377a585a00', 'xz'],
  ['425a68', 'bzip2'],
  ['04224d18', 'LZ4'],
  ['1f9d', 'compress (.Z)'],
  ['377abcaf271c', '7-Zip'],
  ['526172211a07', 'RAR'],
  ['504b0708', 'a zip in several parts'],
  ['7f454c46', 'a program'],
  ['68737173', 'SquashFS'],
] as const;

/** Where a tar header says `ustar`, in its POSIX and its GNU spelling. */
const tarMagicAt = 257;

/** Told by the first bytes, whatever the file was called. */
export function archiveKind(head: Buffer): ArchiveKind {
  const begin = head.subarray(0, 8).toString('hex');
  for (const [magic, kind] of starts) if (begin.startsWith(magic)) return kind;
  if (head.toString('latin1', tarMagicAt, tarMagicAt + 5) === 'ustar') return 'tar';
  const other = others.find(([magic]) => begin.startsWith(magic));
  throw refusal(
    head.length === 0
      ? 'it is empty'
      : `it is neither tar, tar.gz nor zip${other === undefined ? '' : ` but looks like ${other[1]}`}`,
    undefined,
    { remedy: 'upload a tar, a tar.gz or a zip' },
  );
}
