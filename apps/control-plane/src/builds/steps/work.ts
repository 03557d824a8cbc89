import { expand } from '../recipe/expand.ts';
import type { Command, RecipeFormat } from '../recipe/instruction.ts';
import type { Step } from '../recipe/plan/plan.ts';
import { scopeAfter, variablesIn } from '../recipe/plan/scope.ts';
import { fromScope, pathIn, type Surroundings, scopeOf } from './surroundings.ts';

/** What is done in a capsule for a step, with all variables put in. */
export type Work =
  | {
      readonly kind: 'run';
      readonly argv: readonly [string, ...string[]];
      readonly user: string;
      readonly cwd: string;
      readonly env: Readonly<Record<string, string>>;
      /** Undefined: what the build allows every step. */
      readonly timeoutMs: number | undefined;
    }
  | {
      readonly kind: 'copy';
      readonly sources: readonly string[];
      readonly files: readonly { readonly name: string; readonly content: string }[];
      /** A stage of the plan, where it is not from what the user uploaded. */
      readonly from: number | undefined;
      /** Absolute; one that ends in a slash is a directory. */
      readonly destination: string;
      /** `user`, `user:group` or numbers; undefined: as it is there. */
      readonly owner: string | undefined;
      readonly mode: string | undefined;
    }
  /** In a recipe a user that is not there is made. */
  | { readonly kind: 'user'; readonly name: string; readonly missing: 'make' | 'refuse' }
  | { readonly kind: 'workdir'; readonly path: string; readonly owner: string };

export interface ResolvedStep {
  /** Undefined where nothing happens in the capsule. */
  readonly work: Work | undefined;
  readonly next: Surroundings;
}

/** What a step does where it stands, and what is so after it. */
export function resolveStep(step: Step, before: Surroundings, format: RecipeFormat): ResolvedStep {
  const variables = variablesIn(scopeOf(before));
  switch (step.kind) {
    case 'env':
    case 'arg':
      return { work: undefined, next: { ...before, ...fromScope(scopeAfter(scopeOf(before), step)) } };
    case 'expose':
      return { work: undefined, next: before };
    case 'user': {
      const name = expand(step.user, variables);
      // Root is in every image.
      if (name === 'root') return { work: undefined, next: { ...before, user: name } };
      const missing = format === 'recipe' ? 'make' : 'refuse';
      return { work: { kind: 'user', name, missing }, next: { ...before, user: name } };
    }
    case 'workdir': {
      const path = pathIn(before, expand(step.path, variables));
      return { work: { kind: 'workdir', path, owner: before.user }, next: { ...before, workdir: path } };
    }
    case 'run':
      return {
        work: {
          ...{ kind: 'run', argv: argvOf(step.command), user: before.user, cwd: before.workdir },
          ...{ env: { ...before.args, ...before.env }, timeoutMs: step.timeoutMs },
        },
        next: before,
      };
    case 'copy':
      return {
        work: {
          kind: 'copy',
          sources: step.sources.map((source) => expand(source, variables)),
          files: step.files.map(({ name, content }) => ({ name, content: expand(content, variables) })),
          from: step.from,
          destination: pathIn(before, expand(step.destination, variables)),
          owner: step.chown === undefined ? ownerOf(before, format) : expand(step.chown, variables),
          mode: step.chmod,
        },
        next: before,
      };
  }
}

/** In a recipe what is copied is the user's who is at work; in a Dockerfile root's, or as the other stage had it. */
function ownerOf({ user }: Surroundings, format: RecipeFormat): string | undefined {
  return format === 'recipe' ? user : undefined;
}

const shell = ['/bin/sh', '-c'] as const;

export function argvOf(command: Command): readonly [string, ...string[]] {
  const argv = command.form === 'exec' ? command.argv : [...(command.shell ?? shell), command.script];
  const [first = '/bin/true', ...rest] = argv;
  return [first, ...rest];
}
