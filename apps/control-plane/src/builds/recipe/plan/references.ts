import type { Variables } from '../expand.ts';
import type { Copy, From, Position, RecipeFormat } from '../instruction.ts';
import { type Problems, quoted } from '../problems.ts';
import { expandAt, isOurPlatform } from './arguments.ts';
import { baseOf, type NamedBase } from './base.ts';
import { stageIndex, type WrittenStage } from './stages.ts';

/** What a FROM or `--from` names: a stage by its number in the recipe, or what is outside. */
export type Reference = { readonly kind: 'written'; readonly number: number } | NamedBase;

export interface References {
  readonly stages: readonly WrittenStage[];
  readonly format: RecipeFormat;
  readonly globals: Variables;
  readonly problems: Problems;
}

/** What stage `number` is based on; undefined if that is a problem. */
export function baseReference(from: From, number: number, references: References): Reference | undefined {
  const { stages, globals, problems } = references;
  const { position } = from;
  const platform = from.platform && expandAt(position, from.platform, globals, problems);
  if (platform !== undefined && !isOurPlatform(platform)) {
    problems.add(position, `the platform ${quoted(platform)} is not that of capsules`, 'use linux/amd64');
  }
  const name = expandAt(position, from.base, globals, problems);
  if (name === undefined) return undefined;
  if (name === '') {
    problems.add(
      position,
      'the base is empty once variables are put in',
      'give their ARG before FROM a value',
    );
    return undefined;
  }
  const earlier = stages.findIndex((stage) => stage.from?.name === name.toLowerCase());
  if (earlier !== -1 && earlier < number) return { kind: 'written', number: earlier };
  return outside(name, position, references);
}

/** What a COPY of stage `number` takes its files from; undefined if that is a problem. */
export function copyReference(
  { from, position }: Copy & { from: string },
  number: number,
  references: References,
): Reference | undefined {
  const { stages, problems } = references;
  const index = stageIndex(stages, from);
  if (index !== undefined && index < number) return { kind: 'written', number: index };
  if (index !== undefined || /^\d+$/.test(from)) {
    problems.add(
      position,
      `--from=${quoted(from)} is no stage before this one`,
      'name a stage that comes first',
    );
    return undefined;
  }
  return outside(from, position, references);
}

function outside(name: string, position: Position, { format, problems }: References): NamedBase | undefined {
  if (name.toLowerCase() === 'scratch') {
    problems.add(
      position,
      'nothing can run in scratch, which is empty',
      'use template:minimal or a small image',
    );
    return undefined;
  }
  const base = baseOf(name, format);
  if (base === undefined) {
    problems.add(
      position,
      `${quoted(name)} is no template and no image`,
      'write template:NAME or REGISTRY/NAME:TAG',
    );
  }
  return base;
}
