import type { From } from '../instruction.ts';
import { quoted } from '../problems.ts';
import type { Cursor } from '../text/cursor.ts';
import { readWord } from '../text/word.ts';
import { flagWord, readFlags } from './flags.ts';

const stageName = /^[a-z][a-z0-9._-]{0,127}$/;

export function readFrom(cursor: Cursor): From {
  const { written } = cursor;
  const platform = flagWord(cursor, readFlags(cursor, ['platform']), 'platform');
  if (cursor.next === undefined) cursor.refuse('FROM without a base', 'write FROM IMAGE');
  const base = readWord(cursor, 'space');
  cursor.skipSpace();
  const name = readName(cursor);
  return {
    ...written,
    kind: 'from',
    base,
    ...(platform === undefined ? {} : { platform }),
    ...(name === undefined ? {} : { name }),
  };
}

function readName(cursor: Cursor): string | undefined {
  if (cursor.next === undefined) return undefined;
  if (cursor.take(/as[ \t]+/iy) === undefined)
    return cursor.refuse('more than one base', 'write FROM IMAGE AS NAME');
  const { at } = cursor;
  const name = cursor.takeRest().toLowerCase();
  if (name === 'scratch' || !stageName.test(name)) {
    cursor.refuse(
      `${quoted(name)} cannot be the name of a stage`,
      'a letter, then letters, digits, ., _ and -',
      at,
    );
  }
  return name;
}
