import { describe, expect, it } from 'vitest';
import type { Command, RecipeFormat } from '../instruction.ts';
import { parseRecipe } from '../read-recipe.ts';
import { planOf } from './plan-of.ts';
import { startCommand } from './start-command.ts';

const base = { entrypoint: ['base-entry'], command: ['base-cmd'] };
const exec = (...argv: string[]): Command => ({ form: 'exec', argv });

function start(text: string, format: RecipeFormat = 'dockerfile', of = base): Command | undefined {
  return startCommand(planOf(parseRecipe(text, format), { args: {} }).start, of);
}

describe('the start command', () => {
  it.each([
    ['FROM a', exec('base-entry', 'base-cmd')],
    ['FROM a\nCMD ["x"]', exec('base-entry', 'x')],
    ['FROM a\nCMD x', exec('base-entry', '/bin/sh', '-c', 'x')],
    ['FROM a\nENTRYPOINT ["x"]', exec('x')],
    ['FROM a\nENTRYPOINT ["x"]\nCMD ["y", "z"]', exec('x', 'y', 'z')],
    ['FROM a\nCMD ["y"]\nENTRYPOINT ["x"]', exec('x', 'y')],
    ['FROM a\nENTRYPOINT x\nCMD ["y"]', { form: 'shell', script: 'x' }],
    ['FROM a\nENTRYPOINT []', undefined],
    ['FROM a\nENTRYPOINT []\nCMD x', { form: 'shell', script: 'x' }],
    ['FROM a\nCMD []', exec('base-entry')],
    ['FROM a\nCMD ["x"]\nCMD ["y"]', exec('base-entry', 'y')],
    ['FROM a AS b\nENTRYPOINT ["x"]\nCMD ["y"]\nFROM b', exec('x', 'y')],
    ['FROM a AS b\nCMD ["y"]\nFROM b\nENTRYPOINT ["x"]', exec('x')],
    ['FROM a AS b\nCMD ["y"]\nFROM c', exec('base-entry', 'base-cmd')],
  ])('of %j follows Docker', (text, command) => {
    expect(start(text)).toEqual(command);
  });

  it('of a recipe is START and nothing of its base', () => {
    expect(start('FROM a:1\nSTART x y', 'recipe')).toEqual({ form: 'shell', script: 'x y' });
    expect(start('FROM a:1\nSTART ["x"]', 'recipe')).toEqual(exec('x'));
  });

  it('is none where nobody names one', () => {
    expect(start('FROM a:1', 'recipe', { entrypoint: [], command: [] })).toBeUndefined();
  });
});
