import { WrennError } from '@wrenn/core';
import type { Position } from './instruction.ts';

export interface RecipeProblem extends Position {
  readonly message: string;
  readonly remedy: string;
}

/** More than a reader goes through at once. */
const maxProblems = 20;

/** What is wrong with a text. */
export class Problems {
  readonly #found: RecipeProblem[] = [];

  /** In the order of the text. */
  get found(): readonly RecipeProblem[] {
    return this.#found.toSorted((a, b) => a.line - b.line || a.column - b.column);
  }

  get none(): boolean {
    return this.#found.length === 0;
  }

  get full(): boolean {
    return this.#found.length >= maxProblems;
  }

  add({ line, column }: Position, message: string, remedy: string): void {
    if (!this.full) this.#found.push({ line, column, message, remedy });
  }

  throwIfAny(): void {
    if (this.#found.length > 0) throw recipeError(this.found);
  }
}

/** The problems as the one error that a request is answered with. */
export function recipeError(problems: readonly RecipeProblem[]): WrennError {
  const [first, ...others] = problems;
  if (first === undefined)
    return new WrennError('internal_error', 'reading the recipe: refused without a problem');
  const lines = [sentence(first), ...others.map((other) => `${sentence(other)} (${other.remedy})`)];
  return new WrennError('invalid_request', `reading the recipe: ${lines.join('; ')}`, {
    field: 'recipe',
    remedy: first.remedy,
    problems: problems.map(({ line, column, message, remedy }) => ({ line, column, message, remedy })),
  });
}

function sentence({ line, column, message }: RecipeProblem): string {
  return `line ${line}, column ${column}: ${message}`;
}

/** A problem at a place of one instruction. Thrown and caught inside the reader: nothing else sees it. */
export class RecipeFault extends Error {
  override readonly name = 'RecipeFault';
  readonly position: Position;
  readonly remedy: string;

  constructor(position: Position, message: string, remedy: string) {
    super(message);
    this.position = position;
    this.remedy = remedy;
  }
}

/** What the user wrote, short enough for a message. */
export function quoted(text: string): string {
  const shown = text.length > 40 ? `${text.slice(0, 40).toWellFormed()}…` : text;
  return `\`${shown}\``;
}
