// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables are those of recipes
import { describe, expect, it } from 'vitest';
import { expand } from '../expand.ts';
import type { RecipeFormat } from '../instruction.ts';
import { readRecipe } from '../read-recipe.ts';

const variables = new Map([
  ['NAME', 'value'],
  ['EMPTY', ''],
]);

/** What the value of an ENV becomes, or the problem with it. */
function expanded(value: string, format: RecipeFormat = 'recipe'): string {
  const reading = readRecipe(`FROM base:1\nENV X=${value}`, format);
  if (reading.kind === 'bad') return reading.problems.map(({ message }) => message).join();
  const instruction = reading.recipe.instructions[1];
  const [first] = instruction?.kind === 'env' ? instruction.values : [];
  return expand(first?.value ?? [], variables);
}

describe('a word', () => {
  it.each([
    ['plain', 'plain'],
    ['"with spaces"', 'with spaces'],
    ["'with spaces'", 'with spaces'],
    ['with\\ spaces', 'with spaces'],
    [`one" two "'three four'`, 'one two three four'],
    ['""', ''],
    ['"a \\"quote\\""', 'a "quote"'],
    ['"a \\n b"', 'a \\n b'],
    ["'a \\n b'", 'a \\n b'],
    ['a=b', 'a=b'],
  ])('%s is %s', (written, meant) => {
    expect(expanded(written)).toBe(meant);
  });

  it.each([
    ['$NAME', 'value'],
    ['${NAME}', 'value'],
    ['$NAME/bin', 'value/bin'],
    ['${NAME}x', 'valuex'],
    ['"$NAME"', 'value'],
    ["'$NAME'", '$NAME'],
    ['\\$NAME', '$NAME'],
    ['"\\$NAME"', '$NAME'],
    ['$UNSET', ''],
    ['a$', 'a$'],
    ['$/', '$/'],
    ['${UNSET:-other}', 'other'],
    ['${EMPTY:-other}', 'other'],
    ['${EMPTY-other}', ''],
    ['${NAME:-other}', 'value'],
    ['${NAME:+other}', 'other'],
    ['${EMPTY:+other}', ''],
    ['${EMPTY+other}', 'other'],
    ['${UNSET+other}', ''],
    ['${UNSET:-${NAME:+two words}}', 'two words'],
    ['${UNSET:-"a } b"}', 'a } b'],
  ])('with variables, %s is %s', (written, meant) => {
    expect(expanded(written)).toBe(meant);
  });

  it('has $$ for a dollar sign in a recipe', () => {
    expect(expanded('$$NAME')).toBe('$NAME');
  });

  it.each([
    ['"open', 'the quote " is not closed'],
    ["'open", "the quote ' is not closed"],
    ['${NAME', '${ is not closed'],
    ['${NAME:-x', '${ is not closed'],
    ['${}', '${ without the name of a variable'],
    ['${NAME%x}', 'what follows ${NAME is not known here'],
    ['${NAME:?x}', 'what follows ${NAME is not known here'],
    ['$1', '$1 is a parameter of a shell, and there is none here'],
  ])('written %s is refused: %s', (written, message) => {
    expect(expanded(written)).toBe(message);
  });

  it('in a Dockerfile is refused with $$, which Docker makes nothing of', () => {
    expect(expanded('$$NAME', 'dockerfile')).toBe('$$ is a parameter of a shell, and there is none here');
  });

  it('is refused where variables are nested without end', () => {
    expect(expanded('${A:-'.repeat(10_000))).toBe('more than 16 variables in one another');
  });

  it('that doubles a value again and again is refused before it fills the memory', () => {
    expect(() =>
      expand(
        [
          { kind: 'variable', name: 'X' },
          { kind: 'variable', name: 'X' },
        ],
        new Map([['X', 'x'.repeat(100_000)]]),
      ),
    ).toThrow('grows beyond 128 KiB');
  });
});
