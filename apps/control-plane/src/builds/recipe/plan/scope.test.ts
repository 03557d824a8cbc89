// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables are those of recipes
import { describe, expect, it } from 'vitest';
import { parseRecipe } from '../read-recipe.ts';
import { planOf } from './plan-of.ts';
import { type Scope, scopeAfter, variablesIn } from './scope.ts';

function after(text: string, environment: Record<string, string> = {}): Scope {
  const [stage] = planOf(parseRecipe(text, 'recipe'), { args: {} }).stages;
  const start: Scope = { environment: new Map(Object.entries(environment)), args: new Map() };
  return (stage?.steps ?? []).reduce(scopeAfter, start);
}

describe('the variables of a stage', () => {
  it('begin with those of the base', () => {
    expect(variablesIn(after('ENV PATH=/x:$PATH', { PATH: '/bin' })).get('PATH')).toBe('/x:/bin');
  });

  it('of one ENV all see what was before it', () => {
    const { environment } = after('ENV A=1\nENV A=2 B=$A');
    expect(Object.fromEntries(environment)).toEqual({ A: '2', B: '1' });
  });

  it('of ARG are no part of the environment, and weaker than it', () => {
    const scope = after('ARG A=arg B=${A}x\nENV C=$A\nENV A=env\nARG A=again D=$A');
    expect(Object.fromEntries(scope.environment)).toEqual({ A: 'env', C: 'arg' });
    expect(Object.fromEntries(variablesIn(scope))).toEqual({ A: 'env', B: 'argx', C: 'arg', D: 'env' });
  });

  it('leave out an ARG that has no value', () => {
    expect(variablesIn(after('ARG A')).has('A')).toBe(false);
  });
});
