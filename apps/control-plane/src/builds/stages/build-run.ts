import { WrennError } from '@wrenn/core';
import type { ServerContext } from '../../server-context.ts';
import { findTemplate } from '../../templates/store.ts';
import type { Template } from '../../templates/template.ts';
import type { Build } from '../build.ts';
import type { BuildFiles } from '../files.ts';
import { findLayers, forgetLayer, type Layer } from '../layers.ts';
import type { BuildLog } from '../log/build-log.ts';
import { BuildCapsule } from '../machine/build-capsule.ts';
import { CommandFailed, doWork } from '../steps/do-work.ts';
import { type Ground, keyAfter, keyOfTemplate } from '../steps/keys.ts';
import type { Surroundings } from '../steps/surroundings.ts';
import { resolveStep, type Work } from '../steps/work.ts';
import { noteProgress } from '../store.ts';
import { importImage } from './import-image.ts';
import { type BuildPlan, type BuildStage, countSteps, type PlannedStep } from './planned.ts';
import type { ImportedImage, StageEnd } from './stage-end.ts';
import { StepFailed } from './step-failed.ts';

/** A piece of work, where it stands, and the key of the layer that it leads to; undefined where it makes none. */
interface Task {
  readonly planned: PlannedStep;
  readonly work: Work | undefined;
  readonly key: string;
  readonly isKept: boolean;
}

export interface RunParts {
  readonly context: ServerContext;
  readonly build: Build;
  readonly plan: BuildPlan;
  readonly log: BuildLog;
  readonly files: BuildFiles;
  readonly resolveImage: (reference: string, signal: AbortSignal) => Promise<ImportedImage>;
}

/** One go at a build. What is done is kept, so that another go begins where this one stopped. */
export class BuildRun {
  readonly #parts: RunParts;
  readonly #ends: StageEnd[] = [];
  #step = 0;

  constructor(parts: RunParts) {
    this.#parts = parts;
  }

  /** Does all stages, and returns how the last one ended. */
  async stages(signal: AbortSignal): Promise<StageEnd> {
    for (const stage of this.#parts.plan.stages) this.#ends.push(await this.#stage(stage, signal));
    const last = this.#ends.at(-1);
    if (last === undefined) throw new WrennError('internal_error', 'a plan without stages');
    return last;
  }

  /** Begins a step of the log, does it, and says how it ended. */
  async step<T>(
    { phase, line, text }: { phase: PlannedStep['phase']; line: number; text: string },
    work: () => Promise<{ readonly value: T; readonly cached: boolean; readonly exit?: number | undefined }>,
  ): Promise<T> {
    const { context, build, log, plan } = this.#parts;
    this.#step += 1;
    const total = Math.max(this.#step, countSteps(plan));
    await noteProgress(context.database, build.id, { currentStep: this.#step, totalSteps: total });
    await log.begin(this.#step, { phase, line, text });
    const began = performance.now();
    const elapsedMs = () => Math.round(performance.now() - began);
    try {
      const { value, cached, exit } = await work();
      await log.end({ ok: true, elapsedMs: elapsedMs(), cached, ...(exit === undefined ? {} : { exit }) });
      return value;
    } catch (thrown) {
      const exit = thrown instanceof CommandFailed ? { exit: thrown.exit } : {};
      await log.end({ ok: false, elapsedMs: elapsedMs(), cached: false, ...exit });
      throw StepFailed.of(thrown, { step: this.#step, line, text });
    }
  }

  async #stage(stage: BuildStage, signal: AbortSignal): Promise<StageEnd> {
    const base = await this.#base(stage, signal);
    const { tasks, end } = await this.#tasksOf(stage, base);
    const keys = tasks.filter(({ isKept }) => isKept).map(({ key }) => key);
    const layers = await findLayers(this.#parts.context.database, this.#parts.build.teamId, keys);
    const from = tasks.findLastIndex(({ key, isKept }) => isKept && layers.has(key));
    for (const { planned } of tasks.slice(0, from + 1))
      await this.step(described(planned), async () => ({ value: undefined, cached: true }));
    const reached = layers.get(tasks[from]?.key ?? '');
    const start = await this.#work(tasks.slice(from + 1), reached?.template ?? base.start, signal);
    return { ...end, start };
  }

  async #base({ base, name }: BuildStage, signal: AbortSignal): Promise<StageEnd> {
    if (base.kind === 'stage') {
      const end = this.#ends[base.index];
      if (end === undefined)
        throw new WrennError('internal_error', 'a stage before the one that it is based on');
      return end;
    }
    const { context, build } = this.#parts;
    const what = base.kind === 'template' ? base.name : base.reference;
    const text = `FROM ${what}${name === undefined ? '' : ` AS ${name}`}`;
    return await this.step({ phase: 'base', line: base.position.line, text }, async () => {
      if (base.kind === 'template') {
        const template = await findTemplate(context.database, build.teamId, base.name, 'recipe');
        return { value: this.#onTemplate(template), cached: true };
      }
      const image = await this.#parts.resolveImage(base.reference, signal);
      return await importImage({ ...this.#parts, ground: this.#ground }, image, signal);
    });
  }

  #onTemplate(template: Template): StageEnd {
    return {
      key: keyOfTemplate(template, this.#ground),
      surroundings: {
        user: template.defaultUser,
        workdir: workdirOf(template),
        env: template.defaultEnv,
        args: {},
      },
      start: template,
      image: undefined,
      parent: template,
    };
  }

  /** What the steps do, and how the stage ends when they are done. Nothing is done yet. */
  async #tasksOf(stage: BuildStage, base: StageEnd): Promise<{ tasks: Task[]; end: StageEnd }> {
    const tasks: Task[] = [];
    let { key, surroundings } = base;
    const add = async (planned: PlannedStep, before: Surroundings) => {
      const { work, next } = resolveStep(planned.step, before, this.#parts.build.request.format);
      const isKept = work !== undefined && !(work.kind === 'user' && work.missing === 'refuse');
      if (work !== undefined && isKept)
        key = keyAfter(key, work, await this.#copied(planned, work, tasks.length));
      tasks.push({ planned, work, key, isKept });
      return next;
    };
    for (const planned of stage.steps) surroundings = await add(planned, surroundings);
    let tidying: Surroundings = { ...surroundings, user: 'root', workdir: '/' };
    for (const planned of stage.tidying) tidying = await add(planned, tidying);
    return { tasks, end: { ...base, key, surroundings } };
  }

  /** What tells apart what a COPY copies; `before` is how many steps of its stage are to be done before it. */
  async #copied({ step }: PlannedStep, work: Work, before: number): Promise<string> {
    if (work.kind !== 'copy' || work.sources.length === 0) return '';
    if (work.from !== undefined) return this.#ends[work.from]?.key ?? '';
    try {
      return (await this.#parts.files.select(work.sources)).key();
    } catch (thrown) {
      const where = { step: this.#step + before + 1, line: step.position.line, text: step.text };
      throw StepFailed.of(thrown, where);
    }
  }

  /** Does what is left, in one capsule, keeping each step. Returns what the end of it can be started from. */
  async #work(tasks: readonly Task[], start: Template, signal: AbortSignal): Promise<Template> {
    let reached = start;
    await using opened = new OneCapsule(() => this.#open(start));
    for (const { planned, work, key, isKept } of tasks) {
      signal.throwIfAborted();
      await this.step(described(planned), async () => {
        if (work === undefined) return { value: undefined, cached: false };
        const capsule = await opened.get();
        const exit = await doWork(this.#placeOf(capsule), work, signal);
        if (isKept) reached = (await this.#keep(capsule, key)).template;
        return { value: undefined, cached: false, exit };
      });
    }
    return reached;
  }

  async #keep(capsule: BuildCapsule, key: string): Promise<Layer> {
    const layer = await capsule.keep(key);
    if (layer !== undefined) return layer;
    throw new WrennError('conflict', 'the state after the step was given up while it was kept', {
      remedy: 'build again',
    });
  }

  #placeOf(capsule: BuildCapsule) {
    const { log, files, build } = this.#parts;
    return {
      ...{ capsule, log, stepTimeoutMs: build.request.stepTimeoutSec * 1000 },
      select: (sources: readonly string[]) => files.select(sources),
      openStage: async (index: number) => {
        const end = this.#ends[index];
        if (end === undefined)
          throw new WrennError('internal_error', 'a copy from a stage that was not built');
        return await this.#open(end.start);
      },
    };
  }

  /** A layer that its host does not take any more is forgotten, so that the next go does without it. */
  async #open(template: Template): Promise<BuildCapsule> {
    const { context, build } = this.#parts;
    try {
      return await BuildCapsule.start(context, build, template);
    } catch (thrown) {
      const { code } = WrennError.from(thrown);
      const isGone = code === 'snapshot_refused' || code === 'not_found';
      if (template.type === 'snapshot' && isGone) await forgetLayer(context.database, template.snapshotId);
      throw thrown;
    }
  }

  get #ground(): Ground {
    const { build, context } = this.#parts;
    return {
      ...{ vcpus: build.vcpus, memoryMb: build.memoryMb, version: context.version },
      only: build.request.useCache ? undefined : build.id,
    };
  }
}

/** A capsule that is made when it is needed. */
class OneCapsule implements AsyncDisposable {
  readonly #open: () => Promise<BuildCapsule>;
  #capsule: BuildCapsule | undefined;

  constructor(open: () => Promise<BuildCapsule>) {
    this.#open = open;
  }

  async get(): Promise<BuildCapsule> {
    this.#capsule ??= await this.#open();
    return this.#capsule;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#capsule?.[Symbol.asyncDispose]();
  }
}

/** Where commands of its capsules start: of one that says nothing, in the home of the user, which is at the usual place. */
function workdirOf({ defaultWorkdir, defaultUser }: Template): string {
  if (defaultWorkdir !== '') return defaultWorkdir;
  return defaultUser === 'root' ? '/' : `/home/${defaultUser}`;
}

function described({ phase, step }: PlannedStep) {
  return { phase, line: phase === 'recipe' ? step.position.line : 0, text: step.text };
}
