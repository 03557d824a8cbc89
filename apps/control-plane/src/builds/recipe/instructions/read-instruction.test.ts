import { describe, expect, it } from 'vitest';
import type { RecipeFormat } from '../instruction.ts';
import { parseHealthcheck, parseRecipe, readRecipe } from '../read-recipe.ts';
import { type Bare, bare } from '../testing/print-recipe.ts';

const text = (value: string): object[] => [{ kind: 'text', text: value }];
const shell = (script: string): object => ({ form: 'shell', script });

/** The one instruction, in a Dockerfile the one after FROM. */
function read(line: string, format: RecipeFormat = 'recipe'): Bare | undefined {
  const instruction = parseRecipe(format === 'recipe' ? line : `FROM a\n${line}`, format).instructions.at(-1);
  return instruction && bare(instruction);
}

function problemOf(line: string, format: RecipeFormat = 'recipe'): string {
  const reading = readRecipe(format === 'recipe' ? line : `FROM a\n${line}`, format);
  if (reading.kind === 'ok') return 'none';
  return reading.problems.map(({ column, message }) => `${column} ${message}`).join();
}

describe('RUN', () => {
  it('is a script of the shell, whose variables are left to it', () => {
    expect(read('RUN echo "$HOME" | cat')).toEqual({ kind: 'run', command: shell('echo "$HOME" | cat') });
  });

  it('is a program with arguments when it is a JSON array', () => {
    expect(read('RUN ["a", "b c"]')).toEqual({ kind: 'run', command: { form: 'exec', argv: ['a', 'b c'] } });
  });

  it('can be a test of the shell', () => {
    expect(read('RUN [ -f x ] && y')).toEqual({ kind: 'run', command: shell('[ -f x ] && y') });
  });

  it.each([
    ['90', 90_000],
    ['90s', 90_000],
    ['10m', 600_000],
    ['1h', 3_600_000],
    ['500ms', 500],
    ['1h30m', 5_400_000],
    ['1.5s', 1_500],
  ])('takes --timeout=%s', (written, timeoutMs) => {
    expect(read(`RUN --timeout=${written} a`)).toEqual({ kind: 'run', timeoutMs, command: shell('a') });
  });

  it.each([
    ['RUN', '4 RUN without a command'],
    ['RUN --timeout=soon a', '5 --timeout cannot be `soon`'],
    ['RUN --timeout=0 a', '5 --timeout cannot be `0`'],
    ['RUN --timeout=25h a', '5 --timeout cannot be `25h`'],
    ['RUN --timeout a', '5 --timeout has no value'],
    ['RUN --timeout=$T a', '5 --timeout takes no variables'],
    ['RUN --timeout=1s --timeout=2s a', '18 --timeout stands here twice'],
    ['RUN --mount=type=cache,target=/x a', '5 --mount is not supported here'],
    ['RUN --network=none a', '5 --network is not supported here'],
    ['RUN --security=insecure a', '5 --security is not supported here'],
    ["RUN ['a']", "5 `['a']` is no JSON array"],
    ['RUN ["a", 1]', '5 a JSON array here holds strings only'],
    ['RUN ["a\\u0000"]', '5 a string with a NUL or half a character'],
    ['RUN []', '7 RUN [] without a program'],
    ['RUN <<EOF\n#!/bin/x\nEOF', '5 a heredoc that names its interpreter'],
  ])('written %j is refused', (line, problem) => {
    expect(problemOf(line)).toBe(problem);
  });
});

describe('ENV', () => {
  it('sets several variables', () => {
    expect(read('ENV A=1 B="two words" C=')).toEqual({
      kind: 'env',
      values: [
        { name: 'A', value: text('1') },
        { name: 'B', value: text('two words') },
        { name: 'C', value: [] },
      ],
    });
  });

  it('of a Dockerfile can be a name and the rest of the line', () => {
    expect(read('ENV A  the "value" = all', 'dockerfile')).toEqual({
      kind: 'env',
      values: [{ name: 'A', value: text('the value = all') }],
    });
    expect(problemOf('ENV A value')).toBe('5 `A` has no value');
  });

  it.each([
    ['ENV', '4 ENV without a variable'],
    ['ENV 1A=x', '5 `1A` cannot be the name of a variable'],
    ['ENV A.B=x', '5 `A.B` cannot be the name of a variable'],
    ['ENV =x', '5 `` cannot be the name of a variable'],
    ['ENV A=1 B', '9 `B` has no value'],
  ])('written %s is refused', (line, problem) => {
    expect(problemOf(line)).toBe(problem);
  });
});

describe('COPY', () => {
  it('takes sources and a destination, which can be quoted', () => {
    expect(read('COPY a "b c" ..foo /dir/')).toEqual({
      kind: 'copy',
      sources: [text('a'), text('b c'), text('..foo')],
      files: [],
      destination: text('/dir/'),
    });
  });

  it('takes a JSON array', () => {
    expect(read('COPY ["a b", "/c d"]')).toMatchObject({ sources: [text('a b')], destination: text('/c d') });
  });

  it('takes --from, --chown and --chmod, and --link, which changes nothing', () => {
    expect(read('COPY --link --from=build --chown=$U:1 --chmod=0755 a /b')).toEqual({
      kind: 'copy',
      sources: [text('a')],
      files: [],
      destination: text('/b'),
      from: 'build',
      chown: [
        { kind: 'variable', name: 'U' },
        { kind: 'text', text: ':1' },
      ],
      chmod: '0755',
    });
  });

  it.each([
    ['COPY a', '7 a source and a destination are needed'],
    ['COPY ../a /b', '6 `../a` leads out of the folder'],
    ['COPY x a/../../b /b', '8 `a/../../b` leads out of the folder'],
    ['COPY "" /b', '6 a source without a name'],
    ['COPY ["a", <<EOF ]\nEOF', '6 `["a", <<EOF ]` is no JSON array'],
    ['COPY a ""', '8 a destination without a name'],
    ['COPY --from=$X a /b', '6 --from takes no variables'],
    ['COPY --chown=a:b:c a /b', '6 `a:b:c` cannot be an owner'],
    ['COPY --chmod=u+x a /b', '6 --chmod cannot be `u+x`'],
    ['COPY --parents a /b', '6 --parents is not supported here'],
    ['COPY --exclude=*.o a /b', '6 --exclude is not supported here'],
  ])('written %s is refused', (line, problem) => {
    expect(problemOf(line)).toBe(problem);
  });
});

describe('ADD', () => {
  it('of files in a Dockerfile is COPY', () => {
    expect(read('ADD package*.json ./', 'dockerfile')).toMatchObject({
      kind: 'copy',
      sources: [text('package*.json')],
    });
  });

  it.each([
    ['https://example.com/x', 'which is not a file of yours'],
    ['git@example.com:x.git', 'which is not a file of yours'],
    ['x.tar.gz', 'ADD of the archive'],
    ['x.TGZ', 'ADD of the archive'],
    ['dist/*', 'ADD of what may be archives'],
    ['$X', 'ADD with a variable can be anything'],
  ])('of %s is refused', (source, problem) => {
    expect(problemOf(`ADD ${source} /x`, 'dockerfile')).toContain(problem);
  });
});

describe('USER, WORKDIR and EXPOSE', () => {
  it.each(['app', '_app-1', '1000', '1000:1000', 'app:staff'])('USER %s is a user', (user) => {
    expect(read(`USER ${user}`)).toEqual({ kind: 'user', user: text(user) });
  });

  it.each(['1app', 'a/b', 'a:b:c', '"a b"', ':1', 'a:', '4294967295', 'ä', `${'a'.repeat(33)}`])(
    'USER %s is refused',
    (user) => {
      expect(problemOf(`USER ${user}`)).toContain('cannot be a user');
    },
  );

  it('may hold variables', () => {
    expect(read('WORKDIR $HOME/x')).toEqual({
      kind: 'workdir',
      path: [
        { kind: 'variable', name: 'HOME' },
        { kind: 'text', text: '/x' },
      ],
    });
  });

  it.each([
    ['WORKDIR', '8 WORKDIR without an argument'],
    ['WORKDIR /a b', '12 WORKDIR takes one argument'],
    ['WORKDIR ""', '9 WORKDIR with an empty argument'],
    ['EXPOSE 0', '8 `0` is no port'],
    ['EXPOSE 80 65536', '11 `65536` is no port'],
    ['EXPOSE 80/sctp', '8 `80/sctp` is no port'],
    ['EXPOSE 80-90', '8 `80-90` is no port'],
    ['EXPOSE', '7 EXPOSE without a port'],
  ])('%s is refused', (line, problem) => {
    expect(problemOf(line)).toBe(problem);
  });

  it('EXPOSE takes ports of TCP and UDP', () => {
    expect(read('EXPOSE 80 53/udp')).toEqual({ kind: 'expose', ports: [text('80'), text('53/udp')] });
  });
});

describe('HEALTHCHECK', () => {
  it('of a recipe waits for the start as long as it takes', () => {
    const times = { intervalMs: 3_000, timeoutMs: 10_000, startPeriodMs: 0, retries: 0 };
    expect(read('HEALTHCHECK curl x')).toEqual({
      kind: 'healthcheck',
      check: { ...times, command: shell('curl x') },
    });
    expect(read('HEALTHCHECK --interval=1s --retries=5 CMD ["x"]')).toEqual({
      kind: 'healthcheck',
      check: { ...times, intervalMs: 1_000, retries: 5, command: { form: 'exec', argv: ['x'] } },
    });
  });

  it('of a Dockerfile has what Docker has where it says nothing', () => {
    expect(read('HEALTHCHECK CMD x', 'dockerfile')).toEqual({
      kind: 'healthcheck',
      check: {
        command: shell('x'),
        intervalMs: 30_000,
        timeoutMs: 30_000,
        startPeriodMs: 0,
        startIntervalMs: 5_000,
        retries: 3,
      },
    });
    expect(read('HEALTHCHECK none', 'dockerfile')).toEqual({ kind: 'healthcheck', check: 'none' });
    expect(problemOf('HEALTHCHECK x', 'dockerfile')).toBe('13 HEALTHCHECK without CMD or NONE');
  });

  it('can stand alone', () => {
    expect(parseHealthcheck('--start-period=60s curl x')).toMatchObject({
      startPeriodMs: 60_000,
      command: shell('curl x'),
    });
  });

  it.each(['', 'NONE', 'a\nRUN b', '--interval=x a', '--every=1s a'])(
    'that is %j alone is refused',
    (line) => {
      expect(() => parseHealthcheck(line)).toThrow(/^reading the healthcheck: /);
    },
  );
});

describe('what the other format has, or nobody', () => {
  it.each([
    ['recipe', 'CMD x', 'CMD is not supported here'],
    ['recipe', 'ADD a b', 'ADD is not supported here'],
    ['dockerfile', 'START x', 'START is not supported here'],
    ['dockerfile', 'ONBUILD RUN x', 'ONBUILD is not supported here'],
    ['dockerfile', 'VOLUME /x', 'VOLUME is not supported here'],
    ['recipe', 'apt-get update', '`apt-get` is no instruction'],
    ['recipe', 'constructor x', '`constructor` is no instruction'],
    ['recipe', 'RUNx', '`RUNx` is no instruction'],
  ] as const)('in a %s %s is refused', (format, line, problem) => {
    expect(problemOf(line, format)).toBe(`1 ${problem}`);
  });

  it.each(['LABEL a="b c"', 'MAINTAINER me', 'STOPSIGNAL SIGINT'])('%s of a Dockerfile is a note', (line) => {
    expect(read(line, 'dockerfile')).toEqual({ kind: 'note', keyword: line.split(' ')[0] });
  });
});
