import { describe, expect, it } from 'vitest';
import type { BuildRequest } from '../build.ts';
import { countSteps, planBuild } from './planned.ts';

const request: BuildRequest = {
  ...{ format: 'recipe', recipe: 'RUN true', baseTemplate: 'minimal', args: {}, healthcheck: '' },
  ...{
    result: 'snapshot',
    skipPrePost: false,
    useCache: true,
    timeoutSec: 60,
    stepTimeoutSec: 60,
    tags: ['default'],
  },
};
const phases = (change: Partial<BuildRequest>) =>
  planBuild({ ...request, ...change }).stages.flatMap(({ steps, tidying }) =>
    [...steps, ...tidying].map(({ phase, step }) => `${phase} ${step.kind}`),
  );

describe('a recipe', () => {
  it('begins with package lists and somebody who is not root, and ends by tidying up', () => {
    expect(phases({})).toEqual([
      ...['pre-build user', 'pre-build run', 'pre-build user', 'pre-build workdir'],
      ...['recipe run', 'post-build run'],
    ]);
  });

  it('is done as it stands when that is asked for', () => {
    expect(phases({ skipPrePost: true })).toEqual(['recipe run']);
  });

  it('without FROM is based on what the request says: a template, or an image', () => {
    expect(planBuild(request).stages[0]?.base).toMatchObject({ kind: 'template', name: 'minimal' });
    expect(planBuild({ ...request, baseTemplate: 'debian:12' }).stages[0]?.base).toMatchObject({
      ...{ kind: 'image', reference: 'debian:12' },
    });
  });

  it('is refused with a base that is neither', () => {
    expect(() => planBuild({ ...request, baseTemplate: '../etc' })).toThrow(
      expect.objectContaining({ code: 'invalid_request', field: 'base_template' }),
    );
  });
});

it('a Dockerfile is done as it stands', () => {
  const recipe = 'FROM a AS one\nRUN true\nFROM b\nCOPY --from=one /x /y';
  expect(phases({ format: 'dockerfile', recipe })).toEqual(['recipe run', 'recipe copy']);
  expect(countSteps(planBuild({ ...request, format: 'dockerfile', recipe }))).toBe(5);
});
