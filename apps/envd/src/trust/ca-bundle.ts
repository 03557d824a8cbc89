import { readIfThere, replaceFile } from '../identity/replace-file.ts';

const begin = '# BEGIN certificates of the Wrenn host\n';
const end = '# END certificates of the Wrenn host\n';

/**
 * Puts the host's own authorities at the end of the list that the image's programs trust, in the place of those of an
 * earlier host. False when the image has no such list, or it cannot be written.
 */
export function installCaBundle(pem: string, path: string): boolean {
  const list = readIfThere(path);
  if (list === undefined) return false;
  const wanted = withSection(list, pem);
  return wanted === list || replaceFile(path, wanted, 0o644);
}

/** An empty `pem` takes the section out. */
export function withSection(list: string, pem: string): string {
  const from = list.indexOf(begin);
  const to = list.indexOf(end, from);
  const rest = from === -1 || to === -1 ? list : list.slice(0, from) + list.slice(to + end.length);
  if (pem.trim() === '') return rest;
  const separated = rest === '' || rest.endsWith('\n') ? rest : `${rest}\n`;
  return `${separated}${begin}${pem.trim()}\n${end}`;
}
