import type { Command } from '../instruction.ts';
import { quoted } from '../problems.ts';
import type { Cursor } from '../text/cursor.ts';

const remedy = 'write ["PROGRAM", "ARGUMENT"] with double quotes, or the command as for a shell';

/** The rest as a command: a JSON array of strings is a program with its arguments, anything else is for the shell. */
export function readCommand(cursor: Cursor): Command {
  const argv = readJsonStrings(cursor);
  if (argv === undefined) return { form: 'shell', script: cursor.takeRest() };
  return { form: 'exec', argv };
}

/** The rest, if it is a JSON array of strings; else undefined, and the cursor stays. */
export function readJsonStrings(cursor: Cursor): readonly string[] | undefined {
  if (cursor.next !== '[') return undefined;
  const { at, rest } = cursor;
  const value = parsed(rest);
  if (value === undefined) {
    // `[ -f x ]` is a command of the shell; with a quote right after the bracket nobody means one.
    if (/^\[["']/.test(rest)) cursor.refuse(`${quoted(rest)} is no JSON array`, remedy, at);
    return undefined;
  }
  const strings = value.filter((item) => typeof item === 'string');
  if (strings.length < value.length) cursor.refuse('a JSON array here holds strings only', remedy, at);
  // JSON can spell what the text itself cannot hold, and no program can be given.
  const bad = strings.find((item) => item.includes('\0') || !item.isWellFormed());
  if (bad !== undefined) cursor.refuse('a string with a NUL or half a character', 'remove it', at);
  cursor.takeRest();
  return strings;
}

function parsed(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined;
    throw thrown;
  }
}
