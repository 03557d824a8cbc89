/** `a` in `/tmp` is `/tmp/a`; an absolute path is itself. */
export function join(folder: string, name: string): string {
  if (name.startsWith('/') || /^~(\/|$)/.test(name)) return name;
  return folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`;
}

/** The folder that a path is in; of `/` it is `/`. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.replace(/\/+$/, '').lastIndexOf('/')));
}

export function baseName(path: string): string {
  return path.replace(/\/+$/, '').split('/').at(-1) ?? '';
}

export interface Crumb {
  readonly name: string;
  readonly path: string;
}

/** The folders that lead to an absolute path, from `/` on. */
export function crumbsOf(path: string): readonly Crumb[] {
  const names = path.split('/').filter((name) => name !== '');
  return [
    { name: '/', path: '/' },
    ...names.map((name, at) => ({ name, path: `/${names.slice(0, at + 1).join('/')}` })),
  ];
}

/** Bytes of a name, which is what a file system counts. */
const longestName = 255;

/** Why there can be no file of this name in a folder; undefined where there can. */
export function nameProblem(name: string): string | undefined {
  if (name === '') return 'a name is needed';
  if (name === '.' || name === '..') return `${name} is the name of a folder already`;
  if (name.includes('/')) return 'a name holds no slash';
  if (name.includes('\0')) return 'a name holds no NUL';
  const bytes = new TextEncoder().encode(name).length;
  return bytes > longestName
    ? `a name has ${longestName} bytes at the most, and this one ${bytes}`
    : undefined;
}
