/** A text that follows its instruction line by line, up to a line that is its name. */
export interface Heredoc {
  /** Where `<<NAME` stands in the instruction. */
  readonly offset: number;
  readonly length: number;
  readonly name: string;
  /** `<<-` takes the tabs before each line away. */
  readonly tabs: 'kept' | 'stripped';
  /** A quoted name keeps variables from being expanded. */
  readonly variables: 'expanded' | 'literal';
  /** Each line ends in a newline. */
  readonly content: string;
  /** The number of the content's first line. */
  readonly firstLine: number;
}

export type Opening = Omit<Heredoc, 'content' | 'firstLine'>;

const opening = /^<<(-?)(["']?)([^<"'\s]+)\2$/;

/** Where an instruction opens heredocs: in words of their own, outside quotes. */
export function openingsIn(text: string): readonly Opening[] {
  if (!text.includes('<<')) return [];
  const openings: Opening[] = [];
  for (const { word, offset } of shellWords(text)) {
    const [all, dash, quote, name] = opening.exec(word.replace(/^\d+/, '')) ?? [];
    if (all === undefined || name === undefined) continue;
    openings.push({
      offset,
      length: word.length,
      name,
      tabs: dash === '-' ? 'stripped' : 'kept',
      variables: quote === '' ? 'expanded' : 'literal',
    });
  }
  return openings;
}

export function endsHeredoc(line: string, { name, tabs }: Opening): boolean {
  return (tabs === 'stripped' ? line.replace(/^\t+/, '') : line) === name;
}

export function contentOf(lines: readonly string[], { tabs }: Opening): string {
  return lines.map((line) => `${tabs === 'stripped' ? line.replace(/^\t+/, '') : line}\n`).join('');
}

/** The words as a shell sees them. A quote that does not end is the shell's to complain of. */
function* shellWords(text: string): Iterable<{ word: string; offset: number }> {
  let start: number | undefined;
  let quote: string | undefined;
  for (let at = 0; at <= text.length; at++) {
    const character = text[at];
    if (quote === undefined && (character === undefined || character === ' ' || character === '\t')) {
      if (start !== undefined) yield { word: text.slice(start, at), offset: start };
      start = undefined;
      continue;
    }
    start ??= at;
    if (character === '\\' && quote !== "'") at++;
    else if (character === quote) quote = undefined;
    else if (quote === undefined && (character === '"' || character === "'")) quote = character;
  }
}
