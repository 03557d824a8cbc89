import { type ArchiveId, type BuildId, newId, WrennError, zeroId } from '@wrenn/core';
import type { z } from 'zod';
import type { Doer } from '../access/principal.ts';
import { seal } from '../secrets/seal.ts';
import type { ServerContext } from '../server-context.ts';
import { refuseReserved } from '../templates/store.ts';
import type { Build, BuildRequest } from './build.ts';
import { parseHealthcheck } from './recipe/read-recipe.ts';
import type { submitBody } from './schemas.ts';
import { countSteps, planBuild, templatesIn } from './stages/planned.ts';
import { askToCancel, countOpen, endBuild, findBuild, insertBuild, isWaiting } from './store.ts';

/** What a team may have waiting: whoever submits in a loop must not fill the queue for everybody. */
const mostOpen = 20;

/** Writes a build down for a worker, once all that can be known of it without doing it is right. */
export async function submitBuild(
  context: ServerContext,
  doer: Doer,
  body: z.output<typeof submitBody>,
  archiveId: ArchiveId | undefined,
): Promise<Build> {
  const { database, secrets, recorder } = context;
  const { teamId, actor } = doer;
  const request = requestOf(body);
  const plan = planBuild(request);
  if (request.healthcheck !== '') parseHealthcheck(request.healthcheck);
  if (
    archiveId === undefined &&
    plan.stages.some(({ steps }) => steps.some(({ step }) => copiesFiles(step)))
  ) {
    throw new WrennError('invalid_request', 'the recipe copies files, and there are none', {
      field: 'archive',
      remedy: 'send them as a tar, tar.gz or zip in the part `archive` of a form',
    });
  }
  const id = newId('build');
  await database.transaction().execute(async (transaction) => {
    if (teamId !== zeroId('team')) await refuseReserved(transaction, body.name);
    if ((await countOpen(transaction, teamId)) >= mostOpen) {
      throw new WrennError('rate_limited', `${mostOpen} builds wait already`, {
        remedy: 'wait for one to end, or cancel it',
      });
    }
    await insertBuild(transaction, {
      ...{ id, teamId, actor, name: body.name, request, archiveId },
      ...{ vcpus: body.vcpus, memoryMb: body.memory_mb, totalSteps: countSteps(plan) },
      bases: templatesIn(plan),
      credentials:
        body.credentials === undefined ? undefined : seal(secrets.sealing, 'build', body.credentials),
    });
    const metadata = { name: body.name };
    await recorder.record(transaction, { teamId, actor, what: 'build.create', resourceId: id, metadata });
  });
  return await findBuild(database, teamId, id);
}

/** Ends a build that is not over; one that somebody works on ends a moment later. */
export async function cancelBuild(
  context: ServerContext,
  { teamId, actor }: Doer,
  id: BuildId,
): Promise<void> {
  const { database, recorder } = context;
  await database.transaction().execute(async (transaction) => {
    const build = await findBuild(transaction, teamId, id);
    if (build.status !== 'pending' && build.status !== 'running') {
      throw new WrennError('invalid_state', `the build is over: ${build.status}`);
    }
    await askToCancel(transaction, id);
    await recorder.record(transaction, {
      teamId,
      actor,
      what: 'build.cancel',
      resourceId: id,
      metadata: { name: build.name },
    });
  });
  const error = new WrennError('cancelled', 'the build was cancelled');
  if (await isWaiting(database, id)) await endBuild(database, id, { status: 'cancelled', error });
}

function copiesFiles(step: {
  readonly kind: string;
  readonly sources?: readonly unknown[];
  readonly from?: unknown;
}): boolean {
  return step.kind === 'copy' && step.from === undefined && (step.sources ?? []).length > 0;
}

export function requestOf(body: z.output<typeof submitBody>): BuildRequest {
  return {
    format: body.format,
    recipe: body.recipe,
    baseTemplate: body.base_template,
    ...(body.target === undefined ? {} : { target: body.target }),
    args: body.args,
    healthcheck: body.healthcheck,
    tags: [...new Set(body.tags)],
    result: body.result,
    skipPrePost: body.skip_pre_post,
    useCache: !body.no_cache,
    timeoutSec: body.timeout_sec,
    stepTimeoutSec: body.step_timeout_sec,
  };
}
