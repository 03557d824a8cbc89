import { WrennError } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import type { RecipeFormat } from './instruction.ts';
import { parseRecipe, readRecipe } from './read-recipe.ts';

function refusal(text: string, format: RecipeFormat = 'recipe'): WrennError {
  try {
    parseRecipe(text, format);
  } catch (thrown) {
    if (thrown instanceof WrennError) return thrown;
  }
  throw new Error('the recipe was not refused');
}

describe('a recipe that cannot be read', () => {
  it('is an invalid request whose message names each line, and whose remedy is for the first', () => {
    const error = refusal('RUN a\nUSER 1x\n  EXPOSE 0');
    expect(error.toJSON()).toEqual({
      code: 'invalid_request',
      field: 'recipe',
      problems: [
        {
          ...{ line: 2, column: 6, message: '`1x` cannot be a user' },
          remedy: 'write a name, a number, NAME:GROUP or UID:GID',
        },
        {
          ...{ line: 3, column: 10, message: '`0` is no port' },
          remedy: 'write each port from 1 to 65535, with /tcp or /udp after it',
        },
      ],
      message:
        'reading the recipe: line 2, column 6: `1x` cannot be a user; line 3, column 10: `0` is no port (write each port from 1 to 65535, with /tcp or /udp after it)',
      remedy: 'write a name, a number, NAME:GROUP or UID:GID',
      retryable: false,
    });
  });

  it('has its problems in the order of its lines, whichever are found first', () => {
    expect(refusal('USER 1x\nRUN cat <<EOF').message).toMatch(/line 1, .*line 2, /);
  });

  it('names twenty lines at most', () => {
    const reading = readRecipe('what\n'.repeat(100), 'recipe');
    expect(reading.kind === 'bad' && reading.problems.map(({ line }) => line)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
  });

  it('shows only the beginning of what is too long', () => {
    expect(refusal('x'.repeat(1_000)).message.length).toBeLessThan(200);
  });
});

describe('FROM', () => {
  it('has to be in a Dockerfile', () => {
    expect(refusal('# x\nRUN a', 'dockerfile').message).toContain('line 2, column 1: there is no FROM');
  });

  it.each(['recipe', 'dockerfile'] as const)('has nothing but ARG before it in a %s', (format) => {
    expect(refusal('ARG A\nRUN a\nFROM b', format).message).toContain(
      'line 2, column 1: an instruction before FROM',
    );
    expect(parseRecipe('ARG A\nFROM b', format).instructions).toHaveLength(2);
  });

  it('takes a platform and the name of its stage, in any case', () => {
    expect(parseRecipe('from --platform=$P a as Build', 'dockerfile').instructions).toEqual([
      {
        kind: 'from',
        position: { line: 1, column: 1 },
        text: 'from --platform=$P a as Build',
        base: [{ kind: 'text', text: 'a' }],
        platform: [{ kind: 'variable', name: 'P' }],
        name: 'build',
      },
    ]);
  });

  it.each([
    ['FROM', 'FROM without a base'],
    ['FROM a b', 'more than one base'],
    ['FROM a AS 1', '`1` cannot be the name of a stage'],
    ['FROM a AS b c', '`b c` cannot be the name of a stage'],
    ['FROM a AS scratch', '`scratch` cannot be the name of a stage'],
    ['FROM --platform a', '--platform has no value'],
  ])('written %s is refused', (text, message) => {
    expect(refusal(text, 'dockerfile').message).toContain(message);
  });
});
