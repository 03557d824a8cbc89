/** Of `st_mode`: the kind of the file. */
const kindMask = 0o170000;
const kindLetters = new Map([
  [0o040000, 'd'],
  [0o120000, 'L'],
  [0o060000, 'D'],
  [0o010000, 'p'],
  [0o140000, 'S'],
  [0o020000, 'Dc'],
]);
const flagLetters = [
  [0o4000, 'u'],
  [0o2000, 'g'],
] as const;
const stickyBit = 0o1000;

/**
 * `st_mode` as Go's os.FileMode prints it, which is what E2B's clients know: letters for the kind and the flags, or a
 * dash, and the nine permissions: `-rw-r--r--`, `drwxr-xr-x`, `Lrwxrwxrwx`, `dtrwxrwxrwx`, `urwxr-xr-x`, `Dcrw-rw-rw-`.
 */
export function permissionString(mode: number): string {
  const [kind = '', character = ''] = kindLetters.get(mode & kindMask) ?? '';
  const flags = flagLetters.map(([bit, letter]) => ((mode & bit) === 0 ? '' : letter)).join('');
  const sticky = (mode & stickyBit) === 0 ? '' : 't';
  const letters = `${kind}${flags}${character}${sticky}`;
  const nine = [...'rwxrwxrwx'].map((letter, index) => ((mode >> (8 - index)) & 1 ? letter : '-'));
  return `${letters === '' ? '-' : letters}${nine.join('')}`;
}
