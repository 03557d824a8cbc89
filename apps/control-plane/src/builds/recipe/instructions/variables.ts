import type { Arg, Env, Word } from '../instruction.ts';
import { isVariableName } from '../names.ts';
import { quoted } from '../problems.ts';
import type { Cursor } from '../text/cursor.ts';
import { readWord } from '../text/word.ts';

const naming = 'a name is letters, digits and _, and starts with no digit';

export function readEnv(cursor: Cursor): Env {
  const { written } = cursor;
  const values: { name: string; value: Word }[] = [];
  for (const { at, name, value } of assignments(cursor)) {
    if (value !== undefined) values.push({ name, value });
    else if (values.length === 0 && cursor.format === 'dockerfile')
      values.push({ name, value: readOldValue(cursor, at) });
    else cursor.refuse(`${quoted(name)} has no value`, 'write ENV NAME=VALUE, with quotes around spaces', at);
  }
  if (values.length === 0) cursor.refuse('ENV without a variable', 'write ENV NAME=VALUE');
  return { ...written, kind: 'env', values };
}

/** `ENV NAME the value`, as Dockerfiles used to have it. */
function readOldValue(cursor: Cursor, at: number): Word {
  cursor.skipSpace();
  if (cursor.next === undefined) cursor.refuse('ENV without a value', 'write ENV NAME=VALUE', at);
  return readWord(cursor, 'line');
}

export function readArg(cursor: Cursor): Arg {
  const { written } = cursor;
  const args = [...assignments(cursor)].map(({ name, value }) => ({
    name,
    ...(value === undefined ? {} : { value }),
  }));
  if (args.length === 0) cursor.refuse('ARG without a name', 'write ARG NAME or ARG NAME=DEFAULT');
  return { ...written, kind: 'arg', args };
}

function* assignments(cursor: Cursor): Iterable<{ at: number; name: string; value: Word | undefined }> {
  for (cursor.skipSpace(); cursor.next !== undefined; cursor.skipSpace()) {
    const { at } = cursor;
    const name = cursor.take(/[^\s=]*/y) ?? '';
    if (!isVariableName(name)) cursor.refuse(`${quoted(name)} cannot be the name of a variable`, naming, at);
    if (cursor.next === '=') {
      cursor.skip();
      yield { at, name, value: readWord(cursor, 'space') };
    } else yield { at, name, value: undefined };
  }
}
