import { WrennError } from '@wrenn/core';
import type { BuildRequest } from '../build.ts';
import type { Phase } from '../log/build-log.ts';
import { baseOf } from '../recipe/plan/base.ts';
import type { Plan, PlannedStage, StageBase, Step } from '../recipe/plan/plan.ts';
import { planOf } from '../recipe/plan/plan-of.ts';
import { parseRecipe } from '../recipe/read-recipe.ts';
import { refuseStart } from '../refuse-start.ts';

export interface PlannedStep {
  readonly phase: Phase;
  readonly step: Step;
}

export interface BuildStage {
  readonly name: string | undefined;
  readonly base: Exclude<StageBase, { kind: 'default' }>;
  readonly steps: readonly PlannedStep[];
  /** As root, and without a trace in what the template has as its user and environment. */
  readonly tidying: readonly PlannedStep[];
}

export interface BuildPlan extends Pick<Plan, 'start' | 'healthcheck'>, Pick<BuildRequest, 'result'> {
  readonly stages: readonly BuildStage[];
}

/** What every recipe begins with: package lists, and somebody who is not root. */
const before = `
USER root
RUN --timeout=10m command -v apt-get >/dev/null || exit 0; apt-get update
USER wrenn-user
WORKDIR /home/wrenn-user
`;
const after = `
RUN --timeout=10m command -v apt-get >/dev/null || exit 0; apt-get clean && apt-get autoremove -y && rm -rf /var/lib/apt/lists/*
`;

/** All that a build does, checked as far as it can be without doing it. Throws what is wrong with the request. */
export function planBuild(request: BuildRequest): BuildPlan {
  const recipe = parseRecipe(request.recipe, request.format);
  refuseStart(request, recipe);
  const { args, target } = request;
  const plan = planOf(recipe, target === undefined ? { args } : { args, target });
  const last = plan.stages.length - 1;
  const stages = plan.stages.map((stage, index) => stageOf(stage, request, index === last));
  return { ...plan, result: request.result, stages };
}

function stageOf(stage: PlannedStage, request: BuildRequest, isLast: boolean): BuildStage {
  const framed = isLast && request.format === 'recipe' && !request.skipPrePost;
  const phased = (text: string, phase: Phase) =>
    planOf(parseRecipe(text, 'recipe'), { args: {} }).stages.flatMap(({ steps }) =>
      steps.map((step) => ({ phase, step })),
    );
  const own = stage.steps.map((step) => ({ phase: 'recipe', step }) as const);
  return {
    name: stage.name,
    base: stage.base.kind === 'default' ? defaultBase(request) : stage.base,
    steps: framed ? [...phased(before, 'pre-build'), ...own] : own,
    tidying: framed ? phased(after, 'post-build') : [],
  };
}

function defaultBase({ baseTemplate }: BuildRequest): BuildStage['base'] {
  const base = baseOf(baseTemplate, 'recipe');
  if (base !== undefined) return { ...base, position: { line: 0, column: 0 } };
  throw new WrennError(
    'invalid_request',
    `${JSON.stringify(baseTemplate)} is neither a template nor an image`,
    {
      field: 'base_template',
    },
  );
}

/** The templates that its stages begin from, as the recipe names them. */
export function templatesIn({ stages }: BuildPlan): string[] {
  const names = stages.flatMap(({ base }) => (base.kind === 'template' ? [base.name] : []));
  return [...new Set(names)];
}

/** How many steps the log has, as far as that can be told before they are done: an image may have a start of its own. */
export function countSteps({ stages, start, healthcheck, result }: BuildPlan): number {
  const isStarted =
    result === 'snapshot' &&
    (start.entrypoint !== 'inherited' || start.command !== 'inherited' || healthcheck !== 'inherited');
  return stages.reduce(
    (sum, { base, steps, tidying }) => sum + (base.kind === 'stage' ? 0 : 1) + steps.length + tidying.length,
    isStarted ? 2 : 1,
  );
}
