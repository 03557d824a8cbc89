import { WrennError } from '@wrenn/core';
import type { From, Instruction, Recipe } from '../instruction.ts';
import { type Problems, quoted } from '../problems.ts';

/** A stage as it is written: what follows a FROM, or all of a recipe without one. */
export interface WrittenStage {
  readonly from?: From;
  readonly instructions: readonly Instruction[];
}

/** The stages, and what stands before the first FROM. */
export function splitStages({ instructions }: Recipe): {
  readonly before: readonly Instruction[];
  readonly stages: readonly WrittenStage[];
} {
  const starts = [...instructions.entries()].flatMap(([index, { kind }]) => (kind === 'from' ? [index] : []));
  if (starts.length === 0) return { before: [], stages: [{ instructions }] };
  const stages = starts.map((start, number): WrittenStage => {
    const from = instructions[start];
    const rest = instructions.slice(start + 1, starts[number + 1]);
    return from?.kind === 'from' ? { from, instructions: rest } : { instructions: rest };
  });
  return { before: instructions.slice(0, starts[0]), stages };
}

export function checkStages(stages: readonly WrittenStage[], problems: Problems): void {
  const names = new Set<string>();
  for (const { from, instructions } of stages) {
    if (from?.name !== undefined && names.has(from.name)) {
      problems.add(from.position, `there are two stages ${quoted(from.name)}`, 'give each its own name');
    }
    if (from?.name !== undefined) names.add(from.name);
    for (const again of instructions.filter(({ kind }) => kind === 'start').slice(1)) {
      problems.add(
        again.position,
        'a second START',
        'start both from one script: a template has one start command',
      );
    }
  }
}

/** A stage's number by its name, or by the number itself. */
export function stageIndex(stages: readonly WrittenStage[], name: string): number | undefined {
  const byName = stages.findIndex(({ from }) => from?.name === name.toLowerCase());
  if (byName !== -1) return byName;
  return /^\d{1,4}$/.test(name) && Number(name) < stages.length ? Number(name) : undefined;
}

export function targetIndex(stages: readonly WrittenStage[], target: string | undefined): number {
  if (target === undefined) return stages.length - 1;
  const index = stageIndex(stages, target);
  if (index !== undefined) return index;
  const names = stages.flatMap(({ from }) => from?.name ?? []).slice(0, 20);
  throw new WrennError('invalid_request', `planning the build: there is no stage ${quoted(target)}`, {
    field: 'target',
    remedy: names.length === 0 ? 'the stages have numbers from 0 on' : `the stages are ${names.join(', ')}`,
  });
}
