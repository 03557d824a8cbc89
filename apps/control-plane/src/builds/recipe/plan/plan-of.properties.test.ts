// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables are those of recipes
import { WrennError } from '@wrenn/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRecipe } from '../read-recipe.ts';
import { arbitraryInstruction } from '../testing/arbitrary-instruction.ts';
import { printInstruction } from '../testing/print-recipe.ts';
import type { Plan } from './plan.ts';
import { planOf } from './plan-of.ts';

const from = fc
  .tuple(
    fc.constantFrom('debian', 'A', 'build', 'scratch', '$X', '${A:-b}'),
    fc.constantFrom('', ' AS build', ' AS a'),
  )
  .map(([base, name]) => `FROM ${base}${name}`);
const line = fc.oneof(
  { weight: 1, arbitrary: from },
  { weight: 3, arbitrary: arbitraryInstruction.map(printInstruction) },
);
const dockerfile = fc.array(line, { maxLength: 12 }).map((lines) => ['FROM debian', ...lines].join('\n'));

function planned(text: string): Plan | undefined {
  const reading = readRecipe(text, 'dockerfile');
  if (reading.kind === 'bad') return undefined;
  try {
    return planOf(reading.recipe, { args: {} });
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WrennError);
    return undefined;
  }
}

describe('the plan of any Dockerfile', () => {
  it('has every stage after those that it needs, and none that the last does not need', () => {
    fc.assert(
      fc.property(dockerfile, (text) => {
        const { stages } = planned(text) ?? { stages: [] };
        const needed = new Set([stages.length - 1]);
        for (const [index, { base, steps }] of [...stages.entries()].toReversed()) {
          expect(needed).toContain(index);
          const sources = steps.flatMap((step) => (step.kind === 'copy' ? (step.from ?? []) : []));
          for (const source of base.kind === 'stage' ? [base.index, ...sources] : sources) {
            expect(source).toBeLessThan(index);
            needed.add(source);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});
