import type { Word, WordPart } from '../instruction.ts';
import type { Cursor } from './cursor.ts';

const name = /[A-Za-z_][A-Za-z0-9_]*/y;
/** `$1`, `$@`, `$$` and the like, which mean something to a shell only. */
const special = /[0-9@*#?$!-]/y;
const maxDepth = 16;

type End = 'space' | 'line' | '"' | '}';

/** The word here: up to a space outside quotes, or to the end of the line with the spaces. */
export function readWord(cursor: Cursor, end: 'space' | 'line'): Word {
  return readParts(cursor, end, 0);
}

/** The text of a word without variables; undefined when it has some. */
export function literalOf(word: Word): string | undefined {
  let text = '';
  for (const part of word) {
    if (part.kind !== 'text') return undefined;
    text += part.text;
  }
  return text;
}

/** Text parts side by side become one, so that one text has one form. */
class WordBuilder {
  readonly #parts: WordPart[] = [];
  #text = '';

  text(text: string): void {
    this.#text += text;
  }

  add(parts: Word): void {
    for (const part of parts) {
      if (part.kind === 'text') {
        this.text(part.text);
        continue;
      }
      this.#flush();
      this.#parts.push(part);
    }
  }

  build(): Word {
    this.#flush();
    return this.#parts;
  }

  #flush(): void {
    if (this.#text !== '') this.#parts.push({ kind: 'text', text: this.#text });
    this.#text = '';
  }
}

function readParts(cursor: Cursor, end: End, depth: number): Word {
  const word = new WordBuilder();
  for (;;) {
    const { next } = cursor;
    if (next === undefined || isEnd(next, end)) return word.build();
    if (next === '$') word.add(readDollar(cursor, depth));
    else if (next === cursor.escape) word.text(readEscape(cursor, end));
    else if (cursor.quotes === 'literal') word.text(takeOne(cursor));
    else if (next === "'" && end !== '"') word.text(readSingleQuoted(cursor));
    else if (next === '"') word.add(readDoubleQuoted(cursor, depth));
    else word.text(takeOne(cursor));
  }
}

function isEnd(character: string, end: End): boolean {
  switch (end) {
    case 'space':
      return character === ' ' || character === '\t';
    case 'line':
      return false;
    case '"':
    case '}':
      return character === end;
  }
}

function takeOne(cursor: Cursor): string {
  const { next = '' } = cursor;
  cursor.skip();
  return next;
}

/** In double quotes and heredocs only what means something there can be escaped; before anything else it is itself. */
function readEscape(cursor: Cursor, end: End): string {
  cursor.skip();
  const { next } = cursor;
  if (next === undefined) return cursor.escape;
  const within = end === '"' || cursor.quotes === 'literal';
  const special = next === '$' || next === cursor.escape || (next === '"' && cursor.quotes === 'special');
  return within && !special ? cursor.escape : takeOne(cursor);
}

function readSingleQuoted(cursor: Cursor): string {
  const start = cursor.at;
  const text = cursor.take(/'[^']*'/y);
  if (text === undefined) return cursor.refuse("the quote ' is not closed", "close it with another '", start);
  return text.slice(1, -1);
}

function readDoubleQuoted(cursor: Cursor, depth: number): Word {
  const start = cursor.at;
  cursor.skip();
  const word = readParts(cursor, '"', depth);
  if (cursor.next !== '"') cursor.refuse('the quote " is not closed', 'close it with another "', start);
  cursor.skip();
  return word;
}

/** `$name`, `${name}` and its modifiers; in a recipe `$$` is a dollar sign. */
function readDollar(cursor: Cursor, depth: number): Word {
  const start = cursor.at;
  cursor.skip();
  if (cursor.next === '{') return readBraced(cursor, start, depth);
  if (cursor.next === '$' && cursor.format === 'recipe') {
    cursor.skip();
    return [{ kind: 'text', text: '$' }];
  }
  const variable = cursor.take(name);
  if (variable !== undefined) return [{ kind: 'variable', name: variable }];
  const parameter = cursor.take(special);
  if (parameter === undefined) return [{ kind: 'text', text: '$' }];
  return cursor.refuse(
    `$${parameter} is a parameter of a shell, and there is none here`,
    `write ${cursor.escape}$ for a dollar sign`,
    start,
  );
}

function readBraced(cursor: Cursor, start: number, depth: number): Word {
  if (depth === maxDepth)
    cursor.refuse(`more than ${maxDepth} variables in one another`, 'write it in steps', start);
  cursor.skip();
  const variable = cursor.take(name);
  if (variable === undefined)
    return cursor.refuse('${ without the name of a variable', `write \${NAME}`, start);
  const modifier = cursor.take(/:?[-+]/y);
  if (modifier === undefined) {
    if (cursor.next === undefined) return cursor.refuse('${ is not closed', 'close it with }', start);
    if (cursor.next !== '}') {
      return cursor.refuse(
        `what follows \${${variable} is not known here`,
        `use \${NAME:-…}, \${NAME:+…} or a RUN`,
      );
    }
    cursor.skip();
    return [{ kind: 'variable', name: variable }];
  }
  const word = readParts(cursor, '}', depth + 1);
  if (cursor.next !== '}') cursor.refuse('${ is not closed', 'close it with }', start);
  cursor.skip();
  return [modified(variable, modifier, word)];
}

function modified(variable: string, modifier: string, word: Word): WordPart {
  const empty = modifier.startsWith(':');
  return modifier.endsWith('-')
    ? { kind: 'fallback', name: variable, when: empty ? 'unset-or-empty' : 'unset', word }
    : { kind: 'alternative', name: variable, when: empty ? 'set-and-not-empty' : 'set', word };
}
