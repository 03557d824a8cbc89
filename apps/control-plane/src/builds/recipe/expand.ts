import { WrennError } from '@wrenn/core';
import type { Word } from './instruction.ts';

export type Variables = ReadonlyMap<string, string>;

/** What one argument or variable of a program can hold on Linux; without a bound, doubling a variable fills the memory. */
const maxLength = 128 * 1024 - 1;

/** A word with its variables put in; one that is not set is empty. */
export function expand(word: Word, variables: Variables): string {
  let text = '';
  for (const part of word) {
    text += part.kind === 'text' ? part.text : expandPart(part, variables);
    if (text.length > maxLength) {
      throw new WrennError('invalid_request', 'expanding variables: the text grows beyond 128 KiB', {
        field: 'recipe',
        remedy: 'keep large values in files',
      });
    }
  }
  return text;
}

function expandPart(part: Exclude<Word[number], { kind: 'text' }>, variables: Variables): string {
  const value = variables.get(part.name);
  switch (part.kind) {
    case 'variable':
      return value ?? '';
    case 'fallback':
      return value === undefined || (value === '' && part.when === 'unset-or-empty')
        ? expand(part.word, variables)
        : value;
    case 'alternative':
      return value === undefined || (value === '' && part.when === 'set-and-not-empty')
        ? ''
        : expand(part.word, variables);
  }
}
