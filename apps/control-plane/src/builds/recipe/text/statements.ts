import type { Position, RecipeFormat } from '../instruction.ts';
import { type Problems, quoted } from '../problems.ts';
import { type EscapeMark, readDirectives } from './directives.ts';
import { contentOf, endsHeredoc, type Heredoc, type Opening, openingsIn } from './heredoc.ts';
import { linesOf, maxLineLength } from './lines.ts';

/** A joined line: from which offset of the text on it stands where, and how many columns it has. */
export interface Piece {
  readonly offset: number;
  readonly position: Position;
  readonly columns: number;
}

/** One instruction's text with its continuation lines joined, comments and blank lines within it left out. */
export interface Statement {
  readonly text: string;
  /** As it stands in the file. */
  readonly source: string;
  readonly heredocs: readonly Heredoc[];
  readonly pieces: readonly Piece[];
  readonly escape: EscapeMark;
}

const takesHeredocs = /^(?:run|copy|add)[ \t]/i;
const maxStatements = 1_000;

export function positionIn({ pieces }: Pick<Statement, 'pieces'>, offset: number): Position {
  const piece = pieces.findLast((candidate) => candidate.offset <= offset) ?? pieces[0];
  if (piece === undefined) return { line: 1, column: 1 };
  const { line, column } = piece.position;
  return { line, column: column + Math.min(offset - piece.offset, piece.columns) };
}

export function statementsOf(text: string, format: RecipeFormat, problems: Problems): readonly Statement[] {
  const lines = linesOf(text, problems);
  const mark = format === 'dockerfile' ? readDirectives(lines, problems) : '\\';
  const statements: Statement[] = [];
  for (let at = 0; at < lines.length && !problems.full; ) {
    if (isVoid(lines[at])) {
      at++;
      continue;
    }
    const joined = join(lines, at, mark);
    const { heredocs, end } = readHeredocs(lines, joined, problems);
    const source = lines.slice(at, end).join('\n');
    const position = positionIn(joined, 0);
    if (statements.length === maxStatements) {
      problems.add(position, `more than ${maxStatements} instructions`, 'join commands in one RUN');
      break;
    }
    if (source.length > maxLineLength) {
      problems.add(
        position,
        'the instruction is longer than 64 KiB',
        'move long scripts to files and COPY them',
      );
    }
    statements.push({ text: joined.text, source, heredocs, pieces: joined.pieces, escape: mark });
    at = end;
  }
  return statements;
}

function isVoid(line: string | undefined): boolean {
  return line !== undefined && /^[ \t]*(?:#|$)/.test(line);
}

interface Joined extends Pick<Statement, 'text' | 'pieces'> {
  /** The line after the last. */
  readonly end: number;
}

function join(lines: readonly string[], start: number, mark: EscapeMark): Joined {
  let text = '';
  const pieces: Piece[] = [];
  for (let at = start; ; at++) {
    const line = lines[at];
    if (line === undefined) return { text: trimEnd(text), pieces, end: at };
    if (at > start && isVoid(line)) continue;
    const indent = at === start ? line.length - line.trimStart().length : 0;
    pieces.push({
      offset: text.length,
      position: { line: at + 1, column: indent + 1 },
      columns: line.length - indent,
    });
    const end = continuedAt(line, mark);
    text += line.slice(indent, end);
    if (end === undefined) return { text: trimEnd(text), pieces, end: at + 1 };
  }
}

/** Where the character stands that makes the line go on: the last of it, and not itself escaped. */
function continuedAt(line: string, mark: EscapeMark): number | undefined {
  const end = trimEnd(line).length - 1;
  return line[end] === mark && line[end - 1] !== mark ? end : undefined;
}

function trimEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === ' ' || text[end - 1] === '\t') end--;
  return text.slice(0, end);
}

function readHeredocs(
  lines: readonly string[],
  joined: Joined,
  problems: Problems,
): { heredocs: readonly Heredoc[]; end: number } {
  const heredocs: Heredoc[] = [];
  let { end } = joined;
  for (const opening of takesHeredocs.test(joined.text) ? openingsIn(joined.text) : []) {
    const last = lastLine(lines, end, opening);
    if (last === undefined) {
      const position = positionIn(joined, opening.offset);
      problems.add(
        position,
        `the text ends before the line ${quoted(opening.name)}`,
        'end the heredoc with that line',
      );
      return { heredocs, end: lines.length };
    }
    heredocs.push({ ...opening, content: contentOf(lines.slice(end, last), opening), firstLine: end + 1 });
    end = last + 1;
  }
  return { heredocs, end };
}

function lastLine(lines: readonly string[], from: number, opening: Opening): number | undefined {
  for (let at = from; at < lines.length; at++) {
    if (endsHeredoc(lines[at] ?? '', opening)) return at;
  }
  return undefined;
}
