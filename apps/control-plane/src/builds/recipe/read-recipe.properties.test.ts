import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Position } from './instruction.ts';
import { readRecipe } from './read-recipe.ts';
import { arbitraryInstruction } from './testing/arbitrary-instruction.ts';
import { bare, printInstruction } from './testing/print-recipe.ts';

const format = fc.constantFrom('recipe' as const, 'dockerfile' as const);
/** Text that looks like a recipe often enough to get far. */
const scrap = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom(...'FROM RUN COPY ENV ARG USER WORKDIR HEALTHCHECK SHELL ADD CMD'.split(' ')),
  },
  { weight: 6, arbitrary: fc.constantFrom(...' \t\n\r\\`#$"\'{}[]:-+=<,/.'.split('')) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('\n', '<<EOF', 'EOF', '--from=a', '--chown=', ' AS ', 'a=b', '${a:-', '["a"]'),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);
const anyText = fc.array(scrap, { maxLength: 40 }).map((scraps) => scraps.join(''));

function expectInside(text: string, { line, column }: Position): void {
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  expect(line).toBeGreaterThanOrEqual(1);
  expect(line).toBeLessThanOrEqual(lines.length);
  expect(column).toBeGreaterThanOrEqual(1);
  expect(column).toBeLessThanOrEqual((lines[line - 1] ?? '').length + 1);
}

describe('any text at all', () => {
  it('is a recipe or has problems, each of which and each instruction of which stands somewhere in it', () => {
    fc.assert(
      fc.property(anyText, format, (text, as) => {
        const reading = readRecipe(text, as);
        if (reading.kind === 'bad') {
          expect(reading.problems.length).toBeGreaterThan(0);
          expect(reading.problems.length).toBeLessThanOrEqual(20);
          for (const problem of reading.problems) {
            expectInside(text, problem);
            expect(problem.remedy).not.toBe('');
          }
        } else {
          for (const { position, text: written } of reading.recipe.instructions) {
            expectInside(text, position);
            expect(text.replaceAll('\r\n', '\n')).toContain(written.split('\n')[0]);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('a list of instructions', () => {
  it('printed and read again is the same', () => {
    fc.assert(
      fc.property(fc.array(arbitraryInstruction, { minLength: 1, maxLength: 6 }), format, (list, as) => {
        const from = { kind: 'from' as const, base: [{ kind: 'text' as const, text: 'debian:12' }] };
        const text = [from, ...list].map(printInstruction).join('\n');
        const reading = readRecipe(text, as);
        expect(reading).toMatchObject({ kind: 'ok' });
        if (reading.kind === 'ok') expect(reading.recipe.instructions.map(bare)).toEqual([from, ...list]);
      }),
      { numRuns: 500 },
    );
  });
});
