import { deadline, describeError, pause, WrennError } from '@wrenn/core';
import { destroyCapsule } from '../capsules/destroy.ts';
import type { ServerContext } from '../server-context.ts';
import type { Template } from '../templates/template.ts';
import type { Build } from './build.ts';
import { captureTemplate } from './capture.ts';
import { BuildFiles } from './files.ts';
import { imagesFor } from './images.ts';
import { findLayers } from './layers.ts';
import { BuildLog } from './log/build-log.ts';
import { BuildCapsule, leftCapsules } from './machine/build-capsule.ts';
import { dropDrafts, publishTemplate } from './publish.ts';
import type { Command, Healthcheck } from './recipe/instruction.ts';
import { startCommand } from './recipe/plan/start-command.ts';
import { parseHealthcheck } from './recipe/read-recipe.ts';
import { BuildRun } from './stages/build-run.ts';
import { type BuildPlan, planBuild } from './stages/planned.ts';
import type { StageEnd } from './stages/stage-end.ts';
import { startUp } from './start-up.ts';
import { keyOfStart } from './steps/keys.ts';
import { argvOf } from './steps/work.ts';

/** Goes at a build whose host went away meanwhile: an agent is back within a minute or two. */
const mostGoes = 6;
const pauseMs = 5_000;
/** What another go can help against. */
const passing: readonly string[] = ['host_unavailable', 'no_hosts_available', 'snapshot_refused', 'conflict'];

/**
 * Makes a template of a recipe. What an earlier attempt has done, by whatever process, is not done again. A fault leaves
 * no capsule and no template behind; what was kept of the steps stays, for the next build.
 */
export async function runBuild(
  context: ServerContext,
  build: Build,
  credentials: Buffer | undefined,
  signal: AbortSignal,
): Promise<Template> {
  using limit = deadline(remainingMs(build), `building ${build.name}`, signal);
  await using log = await BuildLog.open(context.database, build.id);
  await clearAway(context, build);
  const plan = planBuild(build.request);
  const resolveImage = imagesFor(context, build, credentials);
  await using files = new BuildFiles(context.database, build, limit);
  for (let go = 1; ; go += 1) {
    try {
      const run = new BuildRun({ context, build, plan, log, files, resolveImage });
      const end = await run.stages(limit);
      return await finish({ context, build, plan, log, run, end }, limit);
    } catch (thrown) {
      limit.throwIfAborted();
      const error = WrennError.from(thrown, 'the build failed');
      if (!passing.includes(error.code) || go >= mostGoes) throw error;
      await log.note(`${error.message}; another go in ${pauseMs / 1000} s`);
      await pause(pauseMs, limit);
      await clearAway(context, build);
    }
  }
}

/** The time of a build goes on while nobody works on it. */
function remainingMs({ request, startedAt }: Build): number {
  const passed = startedAt === undefined ? 0 : Date.now() - startedAt.getTime();
  return Math.max(1, request.timeoutSec * 1000 - passed);
}

/** What a process that died has left of an earlier attempt. */
async function clearAway(context: ServerContext, build: Build): Promise<void> {
  await dropDrafts(context, build);
  for (const id of await leftCapsules(context, build)) {
    try {
      await destroyCapsule(context, build, id);
    } catch (thrown) {
      context.log.warn(
        { build: build.id, capsule: id, cause: describeError(thrown) },
        'clearing a build away',
      );
    }
  }
}

interface Finishing {
  readonly context: ServerContext;
  readonly build: Build;
  readonly plan: BuildPlan;
  readonly log: BuildLog;
  readonly run: BuildRun;
  readonly end: StageEnd;
}

/** Starts what the template runs, captures it, and gives it its name. What was started once is kept as steps are. */
async function finish(finishing: Finishing, signal: AbortSignal): Promise<Template> {
  const { context, build, run, end } = finishing;
  const start = build.request.result === 'image' ? end.start : await started(finishing, signal);
  return await run.step({ phase: 'start', line: 0, text: 'capture the template' }, async () => {
    await using capsule = await BuildCapsule.start(context, build, start);
    signal.throwIfAborted();
    if (build.request.result === 'image') await noteUnstarted(finishing);
    const captured = await captureTemplate({ context, build, end, capsule });
    return { value: await publishTemplate(context, build, captured), cached: false };
  });
}

/** What a recipe may say is refused instead, see `refuseStart`. */
async function noteUnstarted({ plan, end, log }: Finishing): Promise<void> {
  const command = commandOf(plan, end);
  if (command !== undefined)
    await log.note(`not started: ${argvOf(command).join(' ')}; capsules of an image begin with no processes`);
}

/** What a capsule starts from in which everything runs that the template is to run. */
async function started(
  { context, build, plan, log, run, end }: Finishing,
  signal: AbortSignal,
): Promise<Template> {
  const command = commandOf(plan, end);
  const text = build.request.healthcheck;
  const healthcheck = text === '' ? plannedCheck(plan, build) : parseHealthcheck(text);
  if (command === undefined && healthcheck === undefined) return end.start;
  const { surroundings } = end;
  const key = keyOfStart(end.key, { command, healthcheck, surroundings });
  const shown = command === undefined ? 'wait for the healthcheck' : `start ${argvOf(command).join(' ')}`;
  return await run.step({ phase: 'start', line: 0, text: shown }, async () => {
    const known = (await findLayers(context.database, build.teamId, [key])).get(key);
    if (known !== undefined) return { value: known.template, cached: true };
    await using capsule = await BuildCapsule.start(context, build, end.start);
    await startUp({ capsule, log, surroundings, command, healthcheck }, signal);
    const layer = await capsule.keep(key);
    if (layer !== undefined) return { value: layer.template, cached: false };
    throw new WrennError('conflict', 'what was started was given up while it was kept', {
      remedy: 'build again',
    });
  });
}

function commandOf({ start }: BuildPlan, { image }: StageEnd): Command | undefined {
  const { entrypoint = [], cmd = [] } = image?.image.config ?? {};
  return startCommand(start, { entrypoint, command: cmd });
}

/** Docker counts failures of what runs already, and has no word for how long a start may take: a minute at least. */
const leastStartMs = 60_000;

function plannedCheck({ healthcheck }: BuildPlan, { request }: Build): Healthcheck | undefined {
  if (typeof healthcheck === 'string') return undefined;
  if (request.format === 'recipe') return healthcheck;
  return { ...healthcheck, startPeriodMs: Math.max(healthcheck.startPeriodMs, leastStartMs) };
}
