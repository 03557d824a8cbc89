import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Instruction, Recipe } from '../apps/control-plane/src/builds/recipe/instruction.ts';
import { parseRecipe } from '../apps/control-plane/src/builds/recipe/read-recipe.ts';
import { submitBody } from '../apps/control-plane/src/builds/schemas.ts';

const folders = ['base', 'node', 'python', 'code-interpreter'] as const;
const read = (...path: readonly string[]): string => readFileSync(join(import.meta.dirname, ...path), 'utf8');

function recipeOf(folder: string): Recipe {
  return parseRecipe(read(folder, 'recipe'), 'recipe');
}

function textsOf(folder: string, kind: Instruction['kind']): readonly string[] {
  return recipeOf(folder)
    .instructions.filter((instruction) => instruction.kind === kind)
    .map(({ text }) => text);
}

describe.each(folders)('the recipe of %s', (folder) => {
  it('is taken as a build, with the settings beside it', () => {
    const settings: unknown = JSON.parse(read(folder, 'template.json'));
    const body = submitBody.parse({ ...Object(settings), recipe: read(folder, 'recipe') });
    expect(body).toMatchObject({ base_template: 'minimal', format: 'recipe', skip_pre_post: true });
    expect(recipeOf(folder).instructions.length).toBeGreaterThan(0);
  });

  it('ends as the user of minimal, in that one’s home', () => {
    expect(textsOf(folder, 'user').at(-1)).toBe('USER user');
    expect(textsOf(folder, 'workdir')).toEqual(['WORKDIR /home/user']);
  });

  it('leaves no package lists behind', () => {
    for (const text of textsOf(folder, 'run')) expect(text).toContain('/var/lib/apt/lists/*');
  });

  it('copies nothing that is not there', () => {
    for (const instruction of recipeOf(folder).instructions) {
      if (instruction.kind !== 'copy') continue;
      for (const source of instruction.sources) {
        const [part] = source;
        expect(part?.kind === 'text' && existsSync(join(import.meta.dirname, folder, part.text))).toBe(true);
      }
    }
  });
});

it.each([
  ['python', 'base'],
  ['base', 'code-interpreter'],
])('what %s runs, %s begins with, so that it is not run again', (smaller, larger) => {
  const runs = textsOf(smaller, 'run');
  expect(textsOf(larger, 'run').slice(0, runs.length)).toEqual(runs);
});

it('the code interpreter is ready when it says that it is well', () => {
  const kinds = recipeOf('code-interpreter').instructions.map(({ kind }) => kind);
  expect(kinds).toEqual(expect.arrayContaining(['expose', 'healthcheck', 'start']));
});
