// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the variables are those of recipes
import { describe, expect, it } from 'vitest';
import type { RecipeFormat } from '../instruction.ts';
import { readRecipe } from '../read-recipe.ts';
import { bare } from '../testing/print-recipe.ts';

function read(text: string, format: RecipeFormat = 'recipe'): unknown[] {
  const reading = readRecipe(text, format);
  return reading.kind === 'ok'
    ? reading.recipe.instructions.map(bare)
    : reading.problems.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

const run = (script: string): object => ({ kind: 'run', command: { form: 'shell', script } });

describe('lines', () => {
  it('are instructions, whose keywords can have any case', () => {
    expect(read('RUN a\nrun b\n  Run c')).toEqual([run('a'), run('b'), run('c')]);
  });

  it('that are blank or comments are left out', () => {
    expect(read('# first\n\n  # second\nRUN a # not a comment\n')).toEqual([run('a # not a comment')]);
  });

  it('go on after a \\, over blank lines and comments', () => {
    expect(read('RUN a && \\\n  # why\n\n  b \\  \n  c')).toEqual([run('a &&   b   c')]);
  });

  it('do not go on after an escaped \\', () => {
    expect(read('RUN a \\\\\nRUN b')).toEqual([run('a \\\\'), run('b')]);
  });

  it('can end in CRLF and begin with a byte order mark', () => {
    expect(read('\uFEFFRUN a \\\r\n b\r\nRUN c\r\n')).toEqual([run('a  b'), run('c')]);
  });

  it('of a Dockerfile go on after what its escape directive says', () => {
    const text = '# syntax=docker/dockerfile:1\n# escape=`\nFROM a\nRUN a `\n b\nENV X=C:\\ Y=`"';
    expect(read(text, 'dockerfile').slice(1)).toEqual([
      run('a  b'),
      {
        kind: 'env',
        values: [
          { name: 'X', value: [{ kind: 'text', text: 'C:\\' }] },
          { name: 'Y', value: [{ kind: 'text', text: '"' }] },
        ],
      },
    ]);
  });

  it('are numbered as they are written, and an instruction keeps its text', () => {
    const reading = readRecipe('# x\n\n  RUN a \\\n   b\nUSER u', 'recipe');
    expect(reading).toMatchObject({
      recipe: {
        instructions: [
          { position: { line: 3, column: 3 }, text: '  RUN a \\\n   b' },
          { position: { line: 5, column: 1 }, text: 'USER u' },
        ],
      },
    });
  });
});

describe('a heredoc', () => {
  it('alone is the script of RUN', () => {
    expect(read('RUN <<EOF\na\n# a comment of the shell\n  b \\\nEOF\nRUN c')).toEqual([
      run('a\n# a comment of the shell\n  b \\\n'),
      run('c'),
    ]);
  });

  it('with a command is left to the shell', () => {
    expect(read('RUN python3 <<EOF > /x && cat <<-END\nprint()\nEOF\n\tb\n\tEND')).toEqual([
      run('python3 <<EOF > /x && cat <<-END\nprint()\nEOF\nb\nEND\n'),
    ]);
  });

  it('is a file of COPY, with variables unless its name is quoted', () => {
    expect(read(`COPY <<a.txt <<"b.txt" /dir/\n$X \\$Y "q" it's \\n\na.txt\n$X\nb.txt`)).toMatchObject([
      {
        kind: 'copy',
        sources: [],
        files: [
          {
            name: 'a.txt',
            content: [
              { kind: 'variable', name: 'X' },
              { kind: 'text', text: ` $Y "q" it's \\n\n` },
            ],
          },
          { name: 'b.txt', content: [{ kind: 'text', text: '$X\n' }] },
        ],
      },
    ]);
  });

  it.each(['RUN cat <<< "text"', 'RUN echo $((1<<4))', 'RUN echo "<<EOF"', "RUN echo ' <<EOF '"])(
    'is not opened by %s',
    (text) => {
      expect(read(text)).toEqual([run(text.slice(4))]);
    },
  );

  it('that the escape character makes part of another word is refused', () => {
    expect(read('# escape=`\nFROM a\nCOPY a` <<EOF /x\nEOF', 'dockerfile')).toEqual([
      '3:9 a heredoc inside of something else',
    ]);
  });

  it('without an end is refused', () => {
    expect(read('RUN a\nRUN cat <<EOF\na\n EOF')).toEqual(['2:9 the text ends before the line `EOF`']);
  });

  it('has its faults where they stand', () => {
    expect(read('COPY <<EOF /a\nfine\n  ${X%y}\nEOF')).toEqual(['3:6 what follows ${X is not known here']);
  });
});

describe('a text', () => {
  it.each([
    ['nothing', '', '1:1 there is no instruction'],
    ['comments only', '# a\n', '1:1 there is no instruction'],
    ['a NUL', 'RUN a\nRUN b\0', '2:6 the control character U+0000'],
    ['a carriage return inside a line', 'RUN a\rb', '1:6 the control character U+000d'],
    ['an escape sequence', 'RUN \u001b[2J', '1:5 the control character U+001b'],
    ['half a character', 'RUN \ud800', '1:5 half a character (a lone surrogate)'],
    ['a line of more than 64 KiB', `RUN ${'a'.repeat(65_536)}`, '1:65537 the line is longer than 64 KiB'],
    [
      'an instruction of more than 64 KiB',
      `RUN a\\\n${`${'b'.repeat(1_000)}\\\n`.repeat(70)}c`,
      '1:1 the instruction is longer than 64 KiB',
    ],
    ['more than 256 KiB', '#\n'.repeat(132_000), '1:1 the text is longer than 256 KiB'],
    ['more than 1000 instructions', 'RUN a\n'.repeat(1_001), '1001:1 more than 1000 instructions'],
  ])('of %s is refused', (_what, text, problem) => {
    expect(read(text)).toEqual([problem]);
  });

  it('with tabs is fine', () => {
    expect(read('RUN\ta\tb')).toEqual([run('a\tb')]);
  });

  it('for another front end of Docker is refused', () => {
    expect(read('# syntax=example.com/other\nFROM a', 'dockerfile')).toEqual([
      '1:1 the syntax `example.com/other` is not known',
    ]);
  });
});
