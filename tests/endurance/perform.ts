import { applyChange } from './changes.ts';
import type { Places, World } from './model.ts';
import type { Step } from './steps.ts';
import { type Call, type Subject, SubjectError } from './subject.ts';

/** What a step gave: capsules that it made, by their IDs. */
export interface Made {
  readonly ids: readonly string[];
  readonly failed: readonly string[];
}

const nothing: Made = { ids: [], failed: [] };

/** Asks for one step, and tells no model of it. */
export async function perform(subject: Subject, world: World, step: Step, call: Call): Promise<Made> {
  switch (step.kind) {
    case 'create':
      return { ...nothing, ids: [await subject.create(step.template, call)] };
    case 'fork':
      return await subject.fork(step.id, step.count, call);
    case 'change':
      await subject.change(step.id, world.nextChange(), step.change, call);
      return nothing;
    case 'snapshot':
    case 'checkpoint':
      await subject[step.kind](step.id, step.name, call);
      return nothing;
    case 'delete snapshot':
      await subject.deleteSnapshot(step.name, call);
      return nothing;
    default:
      await subject[step.kind](step.id, call);
      return nothing;
  }
}

/** Tells the model that a step was done. What was made by it is added by the caller, who may have found more. */
export function applyStep(world: World, step: Step): void {
  const capsule = 'id' in step ? world.capsules.get(step.id) : undefined;
  if (step.kind === 'delete snapshot') world.snapshots.delete(step.name);
  if (capsule === undefined) return;
  if (step.kind === 'pause') capsule.status = 'paused';
  if (step.kind === 'resume') capsule.status = 'running';
  if (step.kind === 'destroy') world.capsules.delete(capsule.id);
  if (step.kind === 'change') applyChange(capsule, step.change);
  if (step.kind === 'snapshot' || step.kind === 'checkpoint') {
    world.snapshots.set(step.name, { name: step.name, places: new Map(capsule.places) });
  }
}

/** What a capsule that this step makes holds from its start. */
export function inherited(world: World, step: Step): Places {
  const source =
    step.kind === 'fork'
      ? world.capsules.get(step.id)
      : step.kind === 'create' && step.template !== undefined
        ? world.snapshots.get(step.template)
        : undefined;
  return new Map(source?.places);
}

export function describeStep(step: Step, world: World): string {
  const label = 'id' in step ? (world.capsules.get(step.id)?.label ?? step.id) : undefined;
  const { kind, id: _id, ...rest } = { id: undefined, ...step };
  const details = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return `${kind}${label === undefined ? '' : ` ${label}`}${details}`;
}

/** What a user does who is told to try again; each time is a request of its own. */
export async function persist<T>(limit: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!(thrown instanceof SubjectError) || !thrown.retryable || limit.aborted) throw thrown;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}
