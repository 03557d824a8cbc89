import type { Copy, Recipe } from '../instruction.ts';
import { Problems } from '../problems.ts';
import { checkArguments, globalArguments, resolved } from './arguments.ts';
import { Draft, type NeededStage } from './draft.ts';
import type { Plan, PlanRequest } from './plan.ts';
import { baseReference, copyReference, type Reference, type References } from './references.ts';
import { checkStages, splitStages, targetIndex } from './stages.ts';

/** What has to be done to build a recipe; throws what is wrong with it or with the request. */
export function planOf(recipe: Recipe, { args, target }: PlanRequest): Plan {
  checkArguments(recipe, args);
  const { before, stages } = splitStages(recipe);
  const last = targetIndex(stages, target);
  const problems = new Problems();
  checkStages(stages, problems);
  const globals = globalArguments(before, args, problems);
  const needed = neededStages(last, { stages, format: recipe.format, globals, problems });
  problems.throwIfAny();
  const draft = new Draft((arg) => resolved(arg, globals, args));
  for (const stage of needed) draft.add(stage);
  return draft.finish();
}

/** The stages that the last one needs, in the order in which they are written, it at the end. */
function neededStages(last: number, references: References): readonly NeededStage[] {
  const needed: NeededStage[] = [];
  const wanted = new Set([last]);
  // What a stage needs stands before it.
  for (let number = last; number >= 0; number--) {
    const stage = references.stages[number];
    if (stage === undefined || !wanted.has(number)) continue;
    const base = stage.from && baseReference(stage.from, number, references);
    const copies = new Map<Copy, Reference>();
    for (const instruction of stage.instructions) {
      if (instruction.kind !== 'copy' || instruction.from === undefined) continue;
      const source = copyReference({ ...instruction, from: instruction.from }, number, references);
      if (source !== undefined) copies.set(instruction, source);
    }
    for (const reference of [base, ...copies.values()]) {
      if (reference?.kind === 'written') wanted.add(reference.number);
    }
    needed.unshift({ number, stage, copies, ...(base === undefined ? {} : { base }) });
  }
  return needed;
}
