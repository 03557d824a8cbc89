/**
 * An absolute path without empty parts, single dots and trailing slashes, so that its last part is the name that is
 * meant: a link, not what it leads to. `..` stays, since what it means depends on links before it.
 */
export function cleanPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return `/${parts.join('/')}`;
}

/** The last part of a clean path; of the root, the root. */
export function baseName(path: string): string {
  return path === '/' ? '/' : path.slice(path.lastIndexOf('/') + 1);
}

/** The folder that a clean path's last part is in. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}
