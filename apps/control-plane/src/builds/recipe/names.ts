/** Names of environment variables and build arguments, as every shell can read them. */
export function isVariableName(text: string): boolean {
  return text.length <= 256 && /^[A-Za-z_][A-Za-z0-9_]*$/.test(text);
}

/** A user as USER and --chown name it. */
export interface Owner {
  /** A name or a number. */
  readonly user: string;
  readonly group?: string;
}

const account = /^(?:[A-Za-z_][A-Za-z0-9_-]{0,31}|\d{1,10})$/;
/** The largest number that is a user: the one after it says "none". */
const lastId = 2 ** 32 - 2;

/** `name`, `uid`, `name:group`, `uid:gid`; undefined for anything else. */
export function ownerOf(text: string): Owner | undefined {
  const [user = '', group, ...more] = text.split(':');
  if (!isAccount(user) || more.length > 0) return undefined;
  if (group === undefined) return { user };
  return isAccount(group) ? { user, group } : undefined;
}

function isAccount(text: string): boolean {
  return account.test(text) && !(Number(text) > lastId);
}

export interface ExposedPort {
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
}

/** `80`, `80/tcp`, `53/udp`; undefined for anything else. */
export function portOf(text: string): ExposedPort | undefined {
  const [, digits, protocol = 'tcp'] = /^(\d{1,5})(?:\/(tcp|udp))?$/i.exec(text) ?? [];
  const port = Number(digits);
  if (!(port >= 1 && port <= 65_535)) return undefined;
  return { port, protocol: protocol.toLowerCase() === 'udp' ? 'udp' : 'tcp' };
}

/**
 * A source of COPY below the folder that it is taken from, `.` for all of it, with or without the slash before it;
 * undefined when it leads out of that folder. Wildcards stay as they are.
 */
export function sourcePath(text: string): string | undefined {
  const segments: string[] = [];
  for (const segment of text.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) return undefined;
  }
  return segments.length === 0 ? '.' : segments.join('/');
}
