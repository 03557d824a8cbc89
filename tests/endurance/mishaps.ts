import { deadline, until } from '@wrenn/core';
import { applyPerhaps } from './changes.ts';
import type { Ground } from './ground.ts';
import { type CapsuleModel, hashOrNothing } from './model.ts';
import { applyStep, describeStep, inherited, type Made, perform, persist } from './perform.ts';
import type { Random } from './random.ts';
import type { Fault, Step } from './steps.ts';
import { type Strike, SubjectError } from './subject.ts';

export interface Mishap {
  /** The kind of what was broken; undefined when there was nothing to break. */
  readonly hit: string | undefined;
  /** What the step came to, for the log. */
  readonly outcome: string;
}

type Result = { readonly made: Made } | { readonly error: Error };

const settleDeadlineMs = 120_000;
/** A state that has not changed for so long, and that nothing is being done to, is definite. */
const stillLooks = 4;
const pendingPatienceMs = 20_000;
const lookIntervalMs = 250;

/** Plays a step while something breaks, and finds out what came of it: all or nothing, and never less than before. */
export async function playWithFault(run: Ground, step: Step, fault: Fault, random: Random): Promise<Mishap> {
  if (fault.kind === 'fill disk') return await playOnFullDisk(run, step, random);
  const victim = fault.kind === 'kill machine' ? victimOf(run, step, random) : undefined;
  const key = `endurance-${crypto.randomUUID()}`;
  const leaving = new AbortController();
  using limit = deadline(settleDeadlineMs, step.kind, leaving.signal);
  const working = attempt(() => perform(run.subject, run.world, step, { key, signal: limit }));
  await run.wait(fault.afterMs);
  let hit: 'hit' | 'missed' = 'hit';
  if (fault.kind === 'disconnect')
    leaving.abort(new SubjectError('disconnected', 'the client left', 'final'));
  else hit = await run.saboteur.strike(strikeOf(fault.kind, victim?.id ?? ''));
  let result = await working;
  await run.saboteur.recovered();
  const again = 'error' in result && isKeyed(step) && asksAgain(fault.kind, random);
  if (again) result = await repeat(run, step, key);
  const expectsError = victim !== undefined && hit === 'hit' ? victim : undefined;
  await settle(run, step, result, random, expectsError);
  const said = 'error' in result ? result.error.message : 'done';
  return { hit: hit === 'hit' ? fault.kind : undefined, outcome: again ? `asked again: ${said}` : said };
}

async function attempt(work: () => Promise<Made>): Promise<Result> {
  try {
    return { made: await work() };
  } catch (thrown) {
    if (thrown instanceof Error) return { error: thrown };
    throw thrown;
  }
}

/** The same request once more: it must give the outcome of the first, or be the first. */
async function repeat(run: Ground, step: Step, key: string): Promise<Result> {
  using limit = deadline(settleDeadlineMs, `asking again for ${step.kind}`);
  return await attempt(() => perform(run.subject, run.world, step, { key, signal: limit }));
}

/**
 * Who left, or heard nothing of a control plane that was killed, cannot know whether the server still works on it. One
 * whose agent was killed was told; then it must do to look.
 */
function asksAgain(fault: Fault['kind'], random: Random): boolean {
  if (fault === 'kill machine') return false;
  return fault === 'kill agent' ? random.chance(0.5) : true;
}

function isKeyed({ kind }: Step): boolean {
  return ['create', 'pause', 'resume', 'fork', 'checkpoint', 'snapshot'].includes(kind);
}

function victimOf(run: Ground, step: Step, random: Random): CapsuleModel {
  const own = 'id' in step ? run.world.capsules.get(step.id) : undefined;
  const running = run.world.withStatus('running');
  return own !== undefined && (own.status === 'running' || step.kind === 'resume')
    ? own
    : random.pick(running);
}

function strikeOf(kind: Strike['kind'], id: string): Strike {
  return kind === 'kill machine' ? { kind, id } : { kind };
}

async function settle(
  run: Ground,
  step: Step,
  result: Result,
  random: Random,
  victim: CapsuleModel | undefined,
): Promise<void> {
  const places = inherited(run.world, step);
  const known = new Set(run.world.capsules.keys());
  const statuses = await settledStatuses(run);
  if (step.kind !== 'destroy') await settleCapsule(run, step, result, statuses, victim);
  if (step.kind === 'destroy') await settleDestroy(run, step.id, statuses);
  if ('name' in step) await settleSnapshot(run, step, result);
  if (victim !== undefined && run.world.capsules.has(victim.id)) await settleVictim(run, step, victim);
  const created = step.kind === 'create' || step.kind === 'fork';
  for (const [id, status] of statuses) {
    if (!created || known.has(id)) continue;
    if (status === 'running') await run.adopt(id, places, describeStep(step, run.world), random);
    else if ('made' in result && result.made.ids.includes(id))
      run.lose(`capsule ${id} was made, and is ${status}`);
    if (status !== 'running') await run.subject.destroy(id, {});
  }
  if ('made' in result) {
    for (const id of result.made.ids) if (!statuses.has(id)) run.lose(`capsule ${id} was made, and is gone`);
  }
}

/**
 * Waits until no capsule is on its way to another state. A create that was given up by a server which was killed stays
 * pending for minutes, until its deadline has passed: nobody was promised anything, and it can be destroyed.
 */
async function settledStatuses(run: Ground): Promise<ReadonlyMap<string, string>> {
  using limit = deadline(settleDeadlineMs, 'waiting until every capsule has a definite state');
  const patientUntil = performance.now() + pendingPatienceMs;
  let [last, looks] = ['', 0];
  return await until(
    async () => {
      const statuses = await persist(limit, () => run.subject.capsules());
      const seen = JSON.stringify([...statuses].toSorted());
      const moving =
        performance.now() < patientUntil ? /"(pending|starting|missing)"/ : /"(starting|missing)"/;
      looks = seen === last && !moving.test(seen) ? looks + 1 : 0;
      last = seen;
      return looks >= stillLooks ? statuses : undefined;
    },
    lookIntervalMs * run.pace,
    limit,
  );
}

async function settleCapsule(
  run: Ground,
  step: Step,
  result: Result,
  statuses: ReadonlyMap<string, string>,
  victim: CapsuleModel | undefined,
): Promise<void> {
  const capsule = 'id' in step ? run.world.capsules.get(step.id) : undefined;
  if (capsule === undefined) return;
  const status = statuses.get(capsule.id);
  if (step.kind === 'pause' || step.kind === 'resume') {
    if ('made' in result || victim === capsule) {
      const isThere = status === (step.kind === 'pause' ? 'paused' : 'running');
      if ('made' in result || isThere) applyStep(run.world, step);
    } else await finish(run, step, capsule);
  }
  if (step.kind !== 'change') return;
  if ('made' in result) return applyStep(run.world, step);
  const isCertain = applyPerhaps(capsule, step.change);
  if (status !== 'running') return;
  using limit = deadline(settleDeadlineMs, 'fencing off a change');
  await persist(limit, () => run.subject.fence(capsule.id, run.world.nextChange())).catch(ignoreRefusal);
  if (!isCertain) await run.redo(capsule, step.change).catch(ignoreRefusal);
}

/**
 * Asks once more, as its user would: a host that was killed may have finished it, and the control plane hears of that
 * some seconds later. Either way it is done in the end.
 */
async function finish(run: Ground, step: Step, capsule: CapsuleModel): Promise<void> {
  using limit = deadline(settleDeadlineMs, `finishing a ${step.kind}`);
  const target = step.kind === 'pause' ? 'paused' : 'running';
  try {
    await persist(limit, () => perform(run.subject, run.world, step, { signal: limit }));
  } catch (thrown) {
    if (!(thrown instanceof SubjectError) || thrown.code !== 'invalid_state') throw thrown;
    const status = await run.subject.status(capsule.id);
    if (status !== target) run.lose(`${step.kind} was refused to one that is ${status}`, capsule);
  }
  applyStep(run.world, step);
}

/** A machine that was killed just now; who looks next finds it. */
function ignoreRefusal(thrown: unknown): void {
  if (!(thrown instanceof SubjectError)) throw thrown;
}

async function settleDestroy(run: Ground, id: string, statuses: ReadonlyMap<string, string>): Promise<void> {
  if (statuses.has(id)) {
    using limit = deadline(settleDeadlineMs, 'destroying a capsule again');
    await persist(limit, () => run.subject.destroy(id, { signal: limit }));
  }
  run.world.capsules.delete(id);
}

async function settleSnapshot(run: Ground, step: Step & { name: string }, result: Result): Promise<void> {
  using limit = deadline(settleDeadlineMs, 'listing snapshots');
  const exists = (await persist(limit, () => run.subject.snapshots())).includes(step.name);
  if (step.kind !== 'delete snapshot') {
    if (exists) applyStep(run.world, step);
    else if ('made' in result) run.lose(`snapshot ${step.name} was made, and is not there`);
    return;
  }
  if (exists) await persist(limit, () => run.subject.deleteSnapshot(step.name, { signal: limit }));
  applyStep(run.world, step);
}

/** A machine that was killed leaves an error with a disk that has all that was flushed, or what was paused before. */
async function settleVictim(run: Ground, step: Step, victim: CapsuleModel): Promise<void> {
  const was = victim.status;
  using limit = deadline(settleDeadlineMs, `noticing that the machine of ${victim.id} is gone`);
  const status = await until(
    async () => {
      const seen = await persist(limit, () => run.subject.status(victim.id));
      return seen === 'error' || seen === 'paused' ? seen : undefined;
    },
    lookIntervalMs * run.pace,
    limit,
  );
  if (status === 'paused') {
    if (step.kind !== 'pause' && step.kind !== 'resume')
      run.lose(`${victim.label} was ${was}, was killed, and is paused`, victim);
    victim.status = 'paused';
    return;
  }
  const expected = new Map<string, string | undefined>();
  for (const [place, { durable }] of victim.places) {
    if (!place.startsWith('disk/') || durable === 'unknown') continue;
    expected.set(place, durable === 'nothing' ? undefined : hashOrNothing(durable));
  }
  for (const wrong of await run.saboteur.inspectDisk(victim.id, expected)) run.lose(wrong, victim);
  await run.abandon(victim);
}

/** Refused as what it is, and nothing else: the capsule goes on. */
async function playOnFullDisk(run: Ground, step: Step, random: Random): Promise<Mishap> {
  using limit = deadline(settleDeadlineMs, `${step.kind} on a full disk`);
  for (const capsule of run.world.withStatus('running')) await run.redo(capsule, { kind: 'sync all' });
  await run.saboteur.fillDisk();
  let result: Result;
  try {
    result = await attempt(() => perform(run.subject, run.world, step, { signal: limit }));
  } finally {
    await run.saboteur.freeDisk();
  }
  if ('made' in result) {
    run.lose(`${step.kind} was done although there was no space`);
    await settle(run, step, result, random, undefined);
  } else if (!(result.error instanceof SubjectError) || result.error.code !== 'no_space') {
    run.lose(`${step.kind} without space was refused as ${describeRefusal(result.error)}`);
    await settledStatuses(run);
  }
  return { hit: 'fill disk', outcome: 'error' in result ? result.error.message : 'done' };
}

function describeRefusal(error: Error): string {
  return error instanceof SubjectError ? `${error.code}: ${error.message}` : error.message;
}
