import type { Expose, User, Word, Workdir } from '../instruction.ts';
import { ownerOf, portOf } from '../names.ts';
import { quoted } from '../problems.ts';
import type { Cursor } from '../text/cursor.ts';
import { literalOf, readWord } from '../text/word.ts';

export const ownerHelp = 'write a name, a number, NAME:GROUP or UID:GID';

export function readUser(cursor: Cursor): User {
  const { written } = cursor;
  const user = readOnly(cursor, 'USER');
  return { ...written, kind: 'user', user };
}

export function readWorkdir(cursor: Cursor): Workdir {
  const { written } = cursor;
  return { ...written, kind: 'workdir', path: readOnly(cursor, 'WORKDIR') };
}

export function readExpose(cursor: Cursor): Expose {
  const { written } = cursor;
  const ports: Word[] = [];
  for (cursor.skipSpace(); cursor.next !== undefined; cursor.skipSpace()) {
    const { at } = cursor;
    const port = readWord(cursor, 'space');
    const text = literalOf(port);
    if (text !== undefined && portOf(text) === undefined) {
      cursor.refuse(
        `${quoted(text)} is no port`,
        'write each port from 1 to 65535, with /tcp or /udp after it',
        at,
      );
    }
    ports.push(port);
  }
  if (ports.length === 0) cursor.refuse('EXPOSE without a port', 'write EXPOSE PORT');
  return { ...written, kind: 'expose', ports };
}

/** The only argument of an instruction that has one. */
function readOnly(cursor: Cursor, keyword: 'USER' | 'WORKDIR'): Word {
  const { at } = cursor;
  if (cursor.next === undefined)
    cursor.refuse(`${keyword} without an argument`, `write one after ${keyword}`);
  const word = readWord(cursor, 'space');
  cursor.skipSpace();
  if (cursor.next !== undefined) cursor.refuse(`${keyword} takes one argument`, 'put quotes around spaces');
  const text = literalOf(word);
  if (text === '') cursor.refuse(`${keyword} with an empty argument`, 'write one', at);
  if (keyword === 'USER' && text !== undefined && ownerOf(text) === undefined) {
    cursor.refuse(`${quoted(text)} cannot be a user`, ownerHelp, at);
  }
  return word;
}
