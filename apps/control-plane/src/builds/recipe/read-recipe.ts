import { WrennError } from '@wrenn/core';
import type { Healthcheck, Instruction, Recipe, RecipeFormat } from './instruction.ts';
import { readInstruction } from './instructions/read-instruction.ts';
import { Problems, RecipeFault, type RecipeProblem, recipeError } from './problems.ts';
import { Cursor } from './text/cursor.ts';
import { type Statement, statementsOf } from './text/statements.ts';

export type RecipeReading =
  | { readonly kind: 'ok'; readonly recipe: Recipe }
  | { readonly kind: 'bad'; readonly problems: readonly RecipeProblem[] };

/** A text as instructions, or everything that is wrong with it. */
export function readRecipe(text: string, format: RecipeFormat): RecipeReading {
  const problems = new Problems();
  const instructions: Instruction[] = [];
  for (const statement of statementsOf(text, format, problems)) {
    const instruction = readOne(statement, format, problems);
    if (instruction !== undefined) instructions.push(instruction);
  }
  if (problems.none) checkOrder(instructions, format, problems);
  return problems.none
    ? { kind: 'ok', recipe: { format, instructions } }
    : { kind: 'bad', problems: problems.found };
}

export function parseRecipe(text: string, format: RecipeFormat): Recipe {
  const reading = readRecipe(text, format);
  if (reading.kind === 'bad') throw recipeError(reading.problems);
  return reading.recipe;
}

/** A healthcheck that stands alone: what follows HEALTHCHECK in a recipe. */
export function parseHealthcheck(text: string): Healthcheck {
  const reading = readRecipe(`HEALTHCHECK ${text}`, 'recipe');
  const [only, ...others] = reading.kind === 'ok' ? reading.recipe.instructions : [];
  if (only?.kind === 'healthcheck' && only.check !== 'none' && others.length === 0) return only.check;
  const [problem] = reading.kind === 'bad' ? reading.problems : [];
  throw new WrennError(
    'invalid_request',
    `reading the healthcheck: ${problem?.message ?? 'it is not one command'}`,
    {
      field: 'healthcheck',
      remedy:
        problem?.remedy ??
        'write [--interval=3s --timeout=10s --start-period=0s --retries=0] COMMAND on one line',
    },
  );
}

function readOne(statement: Statement, format: RecipeFormat, problems: Problems): Instruction | undefined {
  try {
    return readInstruction(new Cursor(statement, format));
  } catch (thrown) {
    if (!(thrown instanceof RecipeFault)) throw thrown;
    problems.add(thrown.position, thrown.message, thrown.remedy);
    return undefined;
  }
}

function checkOrder(instructions: readonly Instruction[], format: RecipeFormat, problems: Problems): void {
  const isBody = ({ kind }: Instruction): boolean => kind !== 'arg' && kind !== 'from';
  const from = instructions.findIndex(({ kind }) => kind === 'from');
  const body = instructions.findIndex(isBody);
  const [first] = instructions;
  if (first === undefined) {
    problems.add({ line: 1, column: 1 }, 'there is no instruction', 'write at least one');
  } else if (format === 'dockerfile' && from === -1) {
    problems.add(first.position, 'there is no FROM', 'begin with FROM IMAGE');
  } else if (from !== -1 && body !== -1 && body < from) {
    const position = instructions[body]?.position ?? first.position;
    problems.add(position, 'an instruction before FROM', 'only ARG can stand before the first FROM');
  }
}
