import { WrennError } from '@wrenn/core';

/** One name of a path as COPY matches it, which is as Go's filepath.Match does: `*`, `?`, `[a-z]`, `[^a]`, `\*`. */
type Token =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | {
      readonly kind: 'class';
      readonly isNegated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };

export interface NamePattern {
  /** The one name that it matches, if there is nothing in it that can match several. */
  readonly literal: string | undefined;
  matches(name: string): boolean;
}

export function namePattern(text: string): NamePattern {
  const tokens = tokensOf(text);
  const isLiteral = tokens.every((token) => token.kind === 'character');
  return {
    literal: isLiteral ? tokens.map((token) => token.character).join('') : undefined,
    matches: (name) => matches(tokens, [...name]),
  };
}

function tokensOf(text: string): Token[] {
  const characters = [...text];
  const tokens: Token[] = [];
  let at = 0;
  const next = (): string => {
    const character = characters[at];
    if (character === undefined) throw malformed(text);
    at += 1;
    return character;
  };
  const escaped = (character: string) => (character === '\\' ? next() : character);
  const ranges = (): Token => {
    const isNegated = characters[at] === '^';
    if (isNegated) at += 1;
    const found: [string, string][] = [];
    while (found.length === 0 || characters[at] !== ']') {
      const low = boundary();
      if (characters[at] !== '-') found.push([low, low]);
      else {
        at += 1;
        found.push([low, boundary()]);
      }
    }
    at += 1;
    return { kind: 'class', isNegated, ranges: found };
  };
  const boundary = (): string => {
    const character = next();
    if (character === ']' || character === '-') throw malformed(text);
    return escaped(character);
  };
  while (at < characters.length) {
    const character = next();
    if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push({ kind: 'any' });
    else if (character === '[') tokens.push(ranges());
    else tokens.push({ kind: 'character', character: escaped(character) });
  }
  return tokens;
}

/** Only the last star is gone back to, so that the time is the product of both lengths at most. */
function matches(tokens: readonly Token[], name: readonly string[]): boolean {
  let token = 0;
  let at = 0;
  let star: { token: number; at: number } | undefined;
  while (at < name.length || token < tokens.length) {
    const current = tokens[token];
    if (current?.kind === 'star') {
      star = { token, at };
      token += 1;
    } else if (current !== undefined && at < name.length && fits(current, name[at] ?? '')) {
      token += 1;
      at += 1;
    } else if (star !== undefined && star.at < name.length) {
      star = { token: star.token, at: star.at + 1 };
      token = star.token + 1;
      at = star.at;
    } else {
      return false;
    }
  }
  return true;
}

function fits(token: Token, character: string): boolean {
  if (token.kind === 'character') return token.character === character;
  if (token.kind !== 'class') return true;
  const point = character.codePointAt(0) ?? 0;
  const isIn = token.ranges.some(
    ([low, high]) => (low.codePointAt(0) ?? 0) <= point && point <= (high.codePointAt(0) ?? 0),
  );
  return isIn !== token.isNegated;
}

function malformed(pattern: string): WrennError {
  return new WrennError('invalid_request', `COPY: the pattern ${JSON.stringify(pattern)} is not complete`, {
    remedy: 'close every [ with a ], and write a \\ before a character that is meant as itself',
  });
}
