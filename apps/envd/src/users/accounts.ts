import { readFileSync, type Stats, statSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import type { Credentials } from '@wrenn/sys';
import { type GroupEntry, type PasswdEntry, parseGroup, parsePasswd } from './account-files.ts';

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

  /** Throws `unauthorized` for a name that is nobody's. Root exists in an image without /etc/passwd too. */
  find(name: string): Account {
    const entry =
      this.#passwd.read()?.find((candidate) => candidate.name === name) ??
      (name === superuser.name ? superuser : undefined);
    if (entry === undefined) throw new WrennError('unauthorized', `invalid username: '${name}'`);
    const { uid, gid, home } = entry;
    const memberOf = (this.#group.read() ?? [])
      .filter((group) => group.members.includes(name))
      .map((group) => group.gid);
    return { name, uid, gid, home, groups: [...new Set([gid, ...memberOf])] };
  }

  names(): AccountNames {
    // Of several names for a number, the first counts: it is set last.
    const users = new Map(
      (this.#passwd.read() ?? [superuser]).toReversed().map(({ uid, name }) => [uid, name]),
    );
    const groups = new Map((this.#group.read() ?? []).toReversed().map(({ gid, name }) => [gid, name]));
    return {
      user: (uid) => users.get(uid) ?? String(uid),
      group: (gid) => groups.get(gid) ?? String(gid),
    };
  }
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
