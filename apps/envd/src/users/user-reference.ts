import { readIdNumber } from './account-files.ts';

/** How one line of /etc/passwd or /etc/group is meant. */
export type LineReference =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'number'; readonly number: number };

/** A user as images and clients name one. */
interface UserReference {
  readonly user: LineReference;
  /** In place of all the groups that the user has. */
  readonly group: LineReference | undefined;
}

/** Reads `user`, `uid`, `user:group` or `uid:gid`, each half a name or a number. Undefined for anything else. */
export function parseUserReference(text: string): UserReference | undefined {
  const [user = '', group = '', ...more] = text.split(':');
  if (user === '' || more.length > 0) return undefined;
  return { user: lineReference(user), group: group === '' ? undefined : lineReference(group) };
}

/** Digits are a number, also where an account has them as its name: so it is in Docker. */
function lineReference(text: string): LineReference {
  const number = readIdNumber(text);
  return number === undefined ? { kind: 'name', name: text } : { kind: 'number', number };
}
