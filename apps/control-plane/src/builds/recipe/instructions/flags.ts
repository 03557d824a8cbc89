import type { Word } from '../instruction.ts';
import { quoted } from '../problems.ts';
import type { Cursor } from '../text/cursor.ts';
import { literalOf, readWord } from '../text/word.ts';

export interface Flag {
  readonly at: number;
  /** Without `=` there is none. */
  readonly value: Word | undefined;
}

/** Flags that Docker knows and a capsule has nothing for, and what to write instead. */
const refused: Readonly<Record<string, string>> = {
  mount: 'COPY what the command needs; steps that did not change are not run again',
  network: 'leave it out: a build has the network of any capsule',
  security: 'leave it out: a build has a machine of its own',
  parents: 'write one COPY for each folder',
  exclude: 'name it in .dockerignore',
  checksum: 'use RUN curl and sha256sum',
  'keep-git-dir': 'use RUN git clone',
  unpack: 'use COPY and RUN tar',
};

/** The `--name=value` before an instruction's arguments. A `--` ends them. */
export function readFlags(cursor: Cursor, accepted: readonly string[]): ReadonlyMap<string, Flag> {
  const flags = new Map<string, Flag>();
  for (;;) {
    cursor.skipSpace();
    if (cursor.take(/--(?=[ \t]|$)/y) !== undefined) break;
    const { at } = cursor;
    const flag = cursor.take(/--[^\s=]*/y)?.slice(2);
    if (flag === undefined) break;
    if (!accepted.includes(flag))
      cursor.refuse(`--${flag.slice(0, 32)} is not supported here`, remedy(flag, accepted), at);
    if (flags.has(flag)) cursor.refuse(`--${flag} stands here twice`, 'leave one out', at);
    flags.set(flag, { at, value: readValue(cursor) });
  }
  cursor.skipSpace();
  return flags;
}

function readValue(cursor: Cursor): Word | undefined {
  if (cursor.next !== '=') return undefined;
  cursor.skip();
  return readWord(cursor, 'space');
}

function remedy(flag: string, accepted: readonly string[]): string {
  const known = accepted.map((name) => `--${name}`).join(', ');
  return (
    refused[flag] ?? (known === '' ? 'leave it out: there are no flags here' : `the flags here are ${known}`)
  );
}

/** A flag's value as a word; undefined when the flag is not given. */
export function flagWord(cursor: Cursor, flags: ReadonlyMap<string, Flag>, name: string): Word | undefined {
  const flag = flags.get(name);
  if (flag === undefined) return undefined;
  if (flag.value === undefined || flag.value.length === 0) {
    return cursor.refuse(`--${name} has no value`, `write --${name}=VALUE`, flag.at);
  }
  return flag.value;
}

/** A flag's value read by `read`, which knows no variables and returns undefined for what it does not understand. */
export function flagValue<T>(
  cursor: Cursor,
  flags: ReadonlyMap<string, Flag>,
  name: string,
  read: (text: string) => T | undefined,
  help: string,
): T | undefined {
  const word = flagWord(cursor, flags, name);
  if (word === undefined) return undefined;
  const at = flags.get(name)?.at;
  const text = literalOf(word);
  if (text === undefined) return cursor.refuse(`--${name} takes no variables`, help, at);
  return read(text) ?? cursor.refuse(`--${name} cannot be ${quoted(text)}`, help, at);
}
