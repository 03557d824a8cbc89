/** A pattern for paths, as .dockerignore has them. */
export interface PathPattern {
  /** Whether it fits the path, or a folder that the path is in. */
  matches(path: string): boolean;
}

/** What the next character can be. `within` is the inside of `folders`. */
type Token =
  | { readonly kind: 'character'; readonly character: string }
  | {
      readonly kind: 'class';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    }
  /** `?` */
  | { readonly kind: 'one' }
  /** `*` */
  | { readonly kind: 'star' }
  /** `**` at the end. */
  | { readonly kind: 'rest' }
  /** `**` before anything else: no folder, or some. */
  | { readonly kind: 'folders' | 'within' };

/**
 * `*` and `?` stay in one segment, `**` does not, `[a-z]` and `[^a-z]` are classes, `\` takes a character as it is;
 * undefined for a pattern that is none.
 */
export function pathPattern(text: string): PathPattern | undefined {
  const tokens = tokensOf([...text]);
  return tokens && { matches: (path) => matches(tokens, path) };
}

function tokensOf(characters: readonly string[]): readonly Token[] | undefined {
  const tokens: Token[] = [];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] ?? '';
    if (character === '*' && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 2 : 1;
      if (at + 1 >= characters.length) tokens.push({ kind: 'rest' });
      else tokens.push({ kind: 'folders' }, { kind: 'within' });
    } else if (character === '*') tokens.push({ kind: 'star' });
    else if (character === '?') tokens.push({ kind: 'one' });
    else if (character === '[') {
      const read = classOf(characters, at + 1);
      if (read === undefined) return undefined;
      tokens.push(read.token);
      at = read.end;
    } else {
      if (character === '\\') at++;
      const literal = characters[at];
      if (literal === undefined) return undefined;
      tokens.push({ kind: 'character', character: literal });
    }
  }
  return tokens;
}

/** A class from behind its `[` on, and where its `]` stands. */
function classOf(characters: readonly string[], start: number): { token: Token; end: number } | undefined {
  const ranges: [string, string][] = [];
  let at = start;
  const take = (): string | undefined => {
    if (characters[at] === '\\') at++;
    return characters[at++];
  };
  const negated = characters[at] === '^';
  if (negated) at++;
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = take();
    let high = low;
    if (characters[at] === '-' && characters[at + 1] !== ']') {
      at++;
      high = take();
    }
    if (low === undefined || high === undefined || low > high) return undefined;
    ranges.push([low, high]);
  }
  return { token: { kind: 'class', negated, ranges }, end: at };
}

/**
 * All ways through the pattern at once, a character of the path at a time. The time is at most the length of the
 * path times that of the pattern, where a regular expression of two `**` can take for ever; both come from users.
 */
function matches(tokens: readonly Token[], path: string): boolean {
  let places = new Set<number>();
  enter(tokens, 0, places);
  for (const character of path) {
    // What is matched up to a slash is a folder that the path is in.
    if (character === '/' && places.has(tokens.length)) return true;
    const next = new Set<number>();
    for (const place of places) step(tokens, place, character, next);
    if (next.size === 0) return false;
    places = next;
  }
  return places.has(tokens.length);
}

/** Adds a place in the pattern, and those that can be gone on to from there without a character. */
function enter(tokens: readonly Token[], place: number, places: Set<number>): void {
  for (let at = place; !places.has(at); ) {
    places.add(at);
    switch (tokens[at]?.kind) {
      case 'star':
      case 'rest':
        at++;
        break;
      case 'folders':
        places.add(at + 1);
        at += 2;
        break;
      default:
        return;
    }
  }
}

function step(tokens: readonly Token[], place: number, character: string, next: Set<number>): void {
  const token = tokens[place];
  switch (token?.kind) {
    case 'character':
      if (character === token.character) enter(tokens, place + 1, next);
      return;
    case 'one':
      if (character !== '/') enter(tokens, place + 1, next);
      return;
    case 'class':
      if (character !== '/' && inClass(token, character)) enter(tokens, place + 1, next);
      return;
    case 'star':
      if (character !== '/') enter(tokens, place, next);
      return;
    case 'rest':
      enter(tokens, place, next);
      return;
    case 'within':
      next.add(place);
      if (character === '/') enter(tokens, place + 1, next);
      return;
    case 'folders':
    case undefined:
      return;
  }
}

function inClass({ negated, ranges }: Token & { kind: 'class' }, character: string): boolean {
  return ranges.some(([low, high]) => low <= character && character <= high) !== negated;
}
