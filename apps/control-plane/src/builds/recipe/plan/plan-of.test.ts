import { describe, expect, it } from 'vitest';
import type { RecipeFormat } from '../instruction.ts';
import { parseRecipe } from '../read-recipe.ts';
import type { Plan, PlanRequest } from './plan.ts';
import { planOf } from './plan-of.ts';

function plan(text: string, request: Partial<PlanRequest> = {}, format: RecipeFormat = 'dockerfile'): Plan {
  return planOf(parseRecipe(text, format), { args: {}, ...request });
}

const image = (reference: string): object => ({ kind: 'image', reference });

describe('the stages of a plan', () => {
  it('of a recipe without FROM are one on the default base', () => {
    const { stages } = plan('ARG X=1\nRUN a\nUSER u', {}, 'recipe');
    expect(stages).toMatchObject([
      { base: { kind: 'default' }, steps: [{ kind: 'arg' }, { kind: 'run' }, { kind: 'user' }] },
    ]);
  });

  it('are those that the last one needs, by name, by number and as a base', () => {
    const { stages } = plan(
      [
        'FROM golang:1 AS build',
        'RUN go build',
        'FROM node:20',
        'RUN npm ci',
        'FROM node:20 AS unused',
        'FROM debian AS common',
        'FROM Common',
        'COPY --from=build /a /a',
        'COPY --from=1 /b /b',
      ].join('\n'),
    );
    expect(stages).toMatchObject([
      { name: 'build', base: image('golang:1'), steps: [{ kind: 'run' }] },
      { base: image('node:20'), steps: [{ kind: 'run' }] },
      { name: 'common', base: image('debian'), steps: [] },
      {
        base: { kind: 'stage', index: 2 },
        steps: [
          { kind: 'copy', from: 0 },
          { kind: 'copy', from: 1 },
        ],
      },
    ]);
  });

  it('end with the target, by name or number', () => {
    const text = 'FROM a AS one\nRUN a\nFROM b AS two\nRUN b';
    expect(plan(text, { target: 'ONE' }).stages).toMatchObject([{ name: 'one' }]);
    expect(plan(text, { target: '0' }).stages).toMatchObject([{ name: 'one' }]);
    expect(plan(text).stages).toMatchObject([{ name: 'two' }]);
  });

  it('have one for each image that files are copied from', () => {
    const { stages } = plan('FROM a\nCOPY --from=nginx:1 /a /a\nCOPY --from=nginx:1 /b /b\nCOPY c /c');
    expect(stages).toMatchObject([
      { base: { ...image('nginx:1'), position: { line: 2, column: 1 } }, steps: [] },
      { base: image('a'), steps: [{ from: 0 }, { from: 0 }, { kind: 'copy' }] },
    ]);
    expect(stages[1]?.steps[2]).not.toHaveProperty('from');
  });

  it('are no template in a Dockerfile unless it says so, and one in a recipe if the name is bare', () => {
    const base = (name: string, format: RecipeFormat): object | undefined =>
      plan(`FROM ${name}`, {}, format).stages[0]?.base;
    expect(base('python', 'dockerfile')).toMatchObject(image('python'));
    expect(base('template:python', 'dockerfile')).toMatchObject({ kind: 'template', name: 'python' });
    expect(base('python', 'recipe')).toMatchObject({ kind: 'template', name: 'python' });
    expect(base('template:python:v1.2', 'recipe')).toMatchObject({ kind: 'template', name: 'python:v1.2' });
    expect(base('python:3', 'recipe')).toMatchObject(image('python:3'));
    expect(base('ghcr.io/a/b@sha256:0', 'recipe')).toMatchObject(image('ghcr.io/a/b@sha256:0'));
  });

  it('are of the platform of capsules, whatever variable says so', () => {
    expect(plan('FROM --platform=$BUILDPLATFORM a').stages).toHaveLength(1);
    expect(() => plan('FROM --platform=linux/arm64 a')).toThrow(
      'line 1, column 1: the platform `linux/arm64`',
    );
  });
});

describe('arguments', () => {
  const valuesOf = ({ stages }: Plan): object[] =>
    stages.flatMap(({ steps }) => steps.flatMap((step) => (step.kind === 'arg' ? step.args : [])));

  it('before FROM are for FROM, and for an ARG that has no value', () => {
    const made = plan('ARG V=12\nARG W=$V.1\nFROM debian:$W\nARG V\nARG W=own\nARG X');
    expect(made.stages[0]?.base).toMatchObject(image('debian:12.1'));
    expect(valuesOf(made)).toEqual([
      { name: 'V', value: [{ kind: 'text', text: '12' }] },
      { name: 'W', value: [{ kind: 'text', text: 'own' }] },
      { name: 'X' },
    ]);
  });

  it('of the request come before what the recipe says', () => {
    const made = plan('ARG V=12\nFROM debian:$V\nARG V\nARG W=own', { args: { V: '13', W: '' } });
    expect(made.stages[0]?.base).toMatchObject(image('debian:13'));
    expect(valuesOf(made)).toEqual([
      { name: 'V', value: [{ kind: 'text', text: '13' }] },
      { name: 'W', value: [] },
    ]);
  });

  it('of the platform are there for the asking', () => {
    expect(valuesOf(plan('FROM a\nARG TARGETARCH'))).toEqual([
      { name: 'TARGETARCH', value: [{ kind: 'text', text: 'amd64' }] },
    ]);
  });

  it('of the request that no ARG asks for are refused', () => {
    expect(() => plan('FROM a\nARG VERSION', { args: { VERSOIN: '1' } })).toThrow(
      expect.objectContaining({ field: 'args', remedy: 'the recipe asks for VERSION' }),
    );
    expect(() => plan('FROM a\nARG X', { args: { X: '\0' } })).toThrow(
      expect.objectContaining({ field: 'args' }),
    );
  });
});

describe('a plan that cannot be made', () => {
  it.each([
    ['FROM scratch\nCOPY a /a', 'line 1, column 1: nothing can run in scratch'],
    ['FROM a\nCOPY --from=scratch /a /a', 'line 2, column 1: nothing can run in scratch'],
    ['FROM a AS x\nFROM b\nCOPY --from=7 /a /a', 'line 3, column 1: --from=`7` is no stage before this one'],
    ['FROM a\nCOPY --from=later /a /a\nFROM b AS later\nFROM 0\n', undefined],
    ['FROM a\nCOPY --from=0 /a /a', 'line 2, column 1: --from=`0` is no stage before this one'],
    ['FROM a AS x\nRUN b\nFROM a AS X', 'line 3, column 1: there are two stages `x`'],
    ['FROM $NONE', 'line 1, column 1: the base is empty once variables are put in'],
    ['FROM -x', 'line 1, column 1: `-x` is no template and no image'],
  ])('%j is refused: %s', (text, message) => {
    if (message === undefined) expect(plan(text).stages).toHaveLength(1);
    else expect(() => plan(text)).toThrow(message);
  });

  it('names a later stage where one that comes first is meant', () => {
    expect(() => plan('FROM a AS one\nCOPY --from=two /a /a\nFROM one AS two')).toThrow(
      '--from=`two` is no stage before',
    );
  });

  it('has a target that is not there', () => {
    expect(() => plan('FROM a AS one', { target: 'two' })).toThrow(
      expect.objectContaining({ field: 'target', remedy: 'the stages are one' }),
    );
  });

  it('has a second START', () => {
    expect(() => plan('START a\nSTART b', {}, 'recipe')).toThrow('line 2, column 1: a second START');
  });

  it('has an argument that grows without bounds', () => {
    const doubled = Array.from({ length: 40 }, () => 'ARG X=$X$X').join('\n');
    expect(() => plan(`ARG X=x\n${doubled}\nFROM a`)).toThrow('grows beyond 128 KiB');
  });
});

describe('SHELL', () => {
  it('is what scripts after it run in, also in a stage on that stage', () => {
    const made = plan(
      'FROM a AS one\nRUN a\nSHELL ["/bin/bash", "-c"]\nRUN b\nFROM one\nRUN c\nRUN ["d"]\nCMD e\nHEALTHCHECK CMD f\nFROM a\nRUN g',
      { target: '1' },
    );
    const shell = ['/bin/bash', '-c'];
    expect(
      made.stages.flatMap(({ steps }) => steps.map((step) => (step.kind === 'run' ? step.command : step))),
    ).toEqual([
      { form: 'shell', script: 'a' },
      { form: 'shell', script: 'b', shell },
      { form: 'shell', script: 'c', shell },
      { form: 'exec', argv: ['d'] },
    ]);
    expect(made.start.command).toEqual({ form: 'shell', script: 'e', shell });
    expect(made.healthcheck).toMatchObject({ command: { script: 'f', shell } });
  });
});

describe('the healthcheck', () => {
  it.each([
    ['FROM a', 'inherited'],
    ['FROM a\nHEALTHCHECK CMD a\nHEALTHCHECK NONE', 'none'],
    ['FROM a AS one\nHEALTHCHECK NONE\nFROM one', 'none'],
    ['FROM a AS one\nHEALTHCHECK NONE\nFROM a', 'inherited'],
  ])('of %j is %s', (text, healthcheck) => {
    expect(plan(text).healthcheck).toBe(healthcheck);
  });
});
