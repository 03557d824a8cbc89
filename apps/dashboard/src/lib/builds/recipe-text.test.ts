import { describe, expect, it } from 'vitest';
import { baseOf, instructionParts, recipeLines } from './recipe-text.ts';

const kindsOf = (recipe: string) => recipeLines(recipe).map((parts) => parts[0]?.kind);

describe('the colours of a recipe', () => {
  it('are those of the keywords, in whatever case they are written', () => {
    expect(kindsOf('FROM minimal\nrun true\nCOPY a b\nEnv A=1\nSTART serve')).toEqual([
      'base',
      'command',
      'files',
      'setting',
      'start',
    ]);
  });

  it('are not given to what goes on from the line before, and not to comments', () => {
    expect(kindsOf('RUN one \\\n  COPY two\n# RUN three\nRUN four')).toEqual([
      'command',
      'text',
      'comment',
      'command',
    ]);
  });

  it('are not given to texts that stand in it', () => {
    expect(kindsOf('COPY <<END /a\nRUN this\nEND\nRUN that')).toEqual(['files', 'text', 'text', 'command']);
  });

  it('leave every character as it is', () => {
    const recipe = '  RUN  a\t<b>\n\nWORDS of nobody';
    expect(
      recipeLines(recipe)
        .map((parts) => parts.map(({ text }) => text).join(''))
        .join('\n'),
    ).toBe(recipe);
    expect(instructionParts('RUN\nmore')).toHaveLength(2);
  });

  it('say what it begins from', () => {
    expect(baseOf({ recipe: 'ARG A\nFROM debian:12 AS one', base_template: 'minimal' })).toBe('debian:12');
    expect(baseOf({ recipe: 'RUN echo FROM here', base_template: 'minimal' })).toBe('minimal');
  });
});
