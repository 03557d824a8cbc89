import { readFileSync, type Stats, statSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import type { Credentials } from '@wrenn/sys';
import { type GroupEntry, type PasswdEntry, parseGroup, parsePasswd } from './account-files.ts';
import { type LineReference, parseUserReference } from './user-reference.ts';

export interface Account extends Credentials {
  readonly name: string;
  readonly home: string;
}

/** Names for numbers, as the accounts were when it was asked for. A number without a name is its own. */
export interface AccountNames {
  user(uid: number): string;
  group(gid: number): string;
}

/** Guests own these files: a larger one is refused rather than read. */
const limitBytes = 4 * 1024 * 1024;
const superuser: PasswdEntry = { name: 'root', uid: 0, gid: 0, home: '/root' };

/**
 * The accounts of this machine, read from /etc/passwd and /etc/group themselves, since an image's C library (musl,
 * none at all) is not ours. Read again only when a file has changed: this is on the path of every process start.
 */
export class Accounts {
  readonly #passwd: CachedFile<readonly PasswdEntry[]>;
  readonly #group: CachedFile<readonly GroupEntry[]>;

  /** `etc` is the folder of the two files. */
  constructor(etc = '/etc') {
    this.#passwd = new CachedFile(`${etc}/passwd`, parsePasswd);
    this.#group = new CachedFile(`${etc}/group`, parseGroup);
  }

  /**
   * The account that `user`, `uid`, `user:group` or `uid:gid` names, as Docker reads them: a number needs no line in the
   * files, and a group takes the place of all that the user has. Throws `unauthorized` for a name that is nobody's.
   */
  find(reference: string): Account {
    const parsed = parseUserReference(reference);
    const account = parsed === undefined ? undefined : this.#accountOf(parsed.user);
    if (parsed === undefined || account === undefined) throw invalidUsername(reference);
    if (parsed.group === undefined) return account;
    const gid = this.#groupOf(parsed.group);
    if (gid === undefined) throw invalidUsername(reference, ': there is no such group');
    return { ...account, gid, groups: [gid] };
  }

  /** Root exists in an image without /etc/passwd too. */
  #accountOf(user: LineReference): Account | undefined {
    const isMeant = (entry: PasswdEntry) => isOf(user, entry.name, entry.uid);
    const entry = this.#passwd.read()?.find(isMeant) ?? [superuser].find(isMeant);
    if (entry !== undefined) {
      const { name, uid, gid, home } = entry;
      const memberOf = this.#groups().filter(({ members }) => members.includes(name));
      return { name, uid, gid, home, groups: [...new Set([gid, ...memberOf.map((group) => group.gid)])] };
    }
    if (user.kind === 'name') return undefined;
    return { name: String(user.number), uid: user.number, gid: 0, home: '/', groups: [0] };
  }

  #groupOf(group: LineReference): number | undefined {
    if (group.kind === 'number') return group.number;
    return this.#groups().find(({ name }) => name === group.name)?.gid;
  }

  #groups(): readonly GroupEntry[] {
    return this.#group.read() ?? [];
  }

  names(): AccountNames {
    // Of several names for a number, the first counts: it is set last.
    const users = new Map(
      (this.#passwd.read() ?? [superuser]).toReversed().map(({ uid, name }) => [uid, name]),
    );
    const groups = new Map(
      this.#groups()
        .toReversed()
        .map(({ gid, name }) => [gid, name]),
    );
    return {
      user: (uid) => users.get(uid) ?? String(uid),
      group: (gid) => groups.get(gid) ?? String(gid),
    };
  }
}

function isOf(reference: LineReference, name: string, number: number): boolean {
  return reference.kind === 'name' ? reference.name === name : reference.number === number;
}

/** E2B's clients know the first words. */
function invalidUsername(reference: string, why = ''): WrennError {
  return new WrennError('unauthorized', `invalid username: '${reference}'${why}`);
}

class CachedFile<T> {
  readonly #path: string;
  readonly #parse: (text: string) => T;
  #cached: { readonly stamp: string; readonly value: T } | undefined;

  constructor(path: string, parse: (text: string) => T) {
    this.#path = path;
    this.#parse = parse;
  }

  /** Undefined when there is no such regular file. */
  read(): T | undefined {
    const stats = this.#stat();
    if (stats === undefined || !stats.isFile() || stats.size > limitBytes) return undefined;
    const stamp = `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeMs}:${stats.ctimeMs}`;
    if (this.#cached?.stamp !== stamp) {
      this.#cached = { stamp, value: this.#parse(readFileSync(this.#path, 'utf8')) };
    }
    return this.#cached.value;
  }

  #stat(): Stats | undefined {
    try {
      return statSync(this.#path);
    } catch (thrown) {
      if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ENOTDIR') return undefined;
      throw thrown;
    }
  }
}
