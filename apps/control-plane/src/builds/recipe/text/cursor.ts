import type { RecipeFormat, Written } from '../instruction.ts';
import { RecipeFault } from '../problems.ts';
import type { EscapeMark } from './directives.ts';
import type { Heredoc } from './heredoc.ts';
import { positionIn, type Statement } from './statements.ts';

/** A place in an instruction, which moves on as it is read. */
export class Cursor {
  readonly format: RecipeFormat;
  readonly escape: EscapeMark;
  readonly heredocs: readonly Heredoc[];
  readonly quotes: 'special' | 'literal';
  readonly written: Written;
  readonly #statement: Statement;
  #at = 0;

  constructor(statement: Statement, format: RecipeFormat, quotes: Cursor['quotes'] = 'special') {
    this.format = format;
    this.escape = statement.escape;
    this.heredocs = statement.heredocs;
    this.quotes = quotes;
    this.written = { position: positionIn(statement, 0), text: statement.source };
    this.#statement = statement;
  }

  /** A cursor at the start of a heredoc's content, in which quotes are characters like any other. */
  within({ content, firstLine }: Heredoc): Cursor {
    let offset = 0;
    const pieces = content.split('\n').map((line, index) => {
      const piece = { offset, position: { line: firstLine + index, column: 1 }, columns: line.length };
      offset += line.length + 1;
      return piece;
    });
    const statement = { text: content, source: content, heredocs: [], pieces, escape: this.escape };
    return new Cursor(statement, this.format, 'literal');
  }

  /** A cursor at the start of a text that stands here in other words. */
  over(text: string): Cursor {
    const pieces = [{ offset: 0, position: positionIn(this.#statement, this.#at), columns: 0 }];
    return new Cursor({ text, source: text, heredocs: [], pieces, escape: this.escape }, this.format);
  }

  get at(): number {
    return this.#at;
  }

  /** The character here; undefined at the end. */
  get next(): string | undefined {
    return this.#statement.text[this.#at];
  }

  get rest(): string {
    return this.#statement.text.slice(this.#at);
  }

  skip(characters = 1): void {
    this.#at = Math.min(this.#at + characters, this.#statement.text.length);
  }

  skipSpace(): void {
    while (this.next === ' ' || this.next === '\t') this.#at++;
  }

  /** What `pattern`, which is sticky, matches here, and moves behind it. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const [match] = pattern.exec(this.#statement.text) ?? [];
    if (match !== undefined) this.#at += match.length;
    return match;
  }

  /** All that is left, and moves to the end. */
  takeRest(): string {
    const { rest } = this;
    this.skip(rest.length);
    return rest;
  }

  refuse(message: string, remedy: string, at = this.#at): never {
    throw new RecipeFault(positionIn(this.#statement, at), message, remedy);
  }
}
