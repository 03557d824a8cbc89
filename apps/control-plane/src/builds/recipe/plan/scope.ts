import { expand, type Variables } from '../expand.ts';
import type { Step } from './plan.ts';

/** The variables of a stage at some step. The base's environment is where it starts; a stage on a stage takes over both. */
export interface Scope {
  /** What stays in the template. */
  readonly environment: Variables;
  /** What ends with the build. */
  readonly args: Variables;
}

/** What words are expanded with, and what a RUN has in its environment: ENV is stronger than ARG, whichever came first. */
export function variablesIn({ environment, args }: Scope): Variables {
  return new Map([...args, ...environment]);
}

export function scopeAfter(scope: Scope, step: Step): Scope {
  if (step.kind === 'env') {
    // All values of one ENV are read before any of them is set.
    const variables = variablesIn(scope);
    const set = step.values.map(({ name, value }) => [name, expand(value, variables)] as const);
    return { ...scope, environment: new Map([...scope.environment, ...set]) };
  }
  if (step.kind !== 'arg') return scope;
  const args = new Map(scope.args);
  const variables = new Map(variablesIn(scope));
  for (const { name, value } of step.args) {
    if (value === undefined) continue;
    const text = expand(value, variables);
    args.set(name, text);
    if (!scope.environment.has(name)) variables.set(name, text);
  }
  return { ...scope, args };
}
