import { deadline, describeError, type JobId, newId, type TeamId, until, WrennError } from '@wrenn/core';
import { findPlaced } from '../capsules/store.ts';
import { stateDeadlineMs } from '../hosts/agent.ts';
import { operationOfJob } from '../operations/of-job.ts';
import { insertOperation } from '../operations/store.ts';
import type { ServerContext } from '../server-context.ts';
import { happeningOf } from './happening.ts';
import {
  type Ending,
  endJob,
  findByKey,
  findJob,
  findRunning,
  insertJob,
  type Job,
  type JobSpec,
  type RunningJob,
  renewEveryMs,
  renewLease,
} from './store.ts';

/** Between two looks at a job that another request or replica runs. */
const lookEveryMs = 50;
/** The longest operation, and what is around it. */
const waitMs = stateDeadlineMs + 60_000;
/** Whoever stood in the way may have ended before it was looked for. */
const mostTries = 5;

/**
 * Writes the job down, does the work to its end whether or not the client waits, and writes down what came of it.
 * `work` returns what the client gets; it has to be JSON. `busy` while another job of the capsule runs. A key that is
 * known gives what its first request got.
 */
export async function runJob<T extends object>(
  context: ServerContext,
  spec: JobSpec,
  work: (job: { readonly id: JobId }) => Promise<T>,
): Promise<T> {
  const id = newId('job');
  const earlier = await begin(context, id, spec);
  if (earlier !== undefined) return (await outcomeOf(context, spec.teamId, earlier)) as T;
  return await context.operations.run(() => finishJob(context, { ...spec, id }, () => work({ id })));
}

/** The job that the key stands for already; undefined where this one has begun. */
async function begin({ database }: ServerContext, id: JobId, spec: JobSpec): Promise<JobId | undefined> {
  // Another team's capsule is not there, also for the question whether something is done to it.
  if (spec.capsuleId !== undefined) await findPlaced(database, spec.teamId, spec.capsuleId);
  for (let tries = 0; tries < mostTries; tries += 1) {
    if (await insertJob(database, id, spec)) return undefined;
    const earlier = await findByKey(database, spec);
    if (earlier?.isSame === true) return earlier.id;
    if (earlier !== undefined) {
      throw new WrennError('conflict', 'the idempotency key was used for another request', {
        field: 'idempotency-key',
        remedy: 'use a new key for each request, and the same one only to repeat it',
      });
    }
    const other = spec.capsuleId === undefined ? undefined : await findRunning(database, spec.capsuleId);
    if (other !== undefined) throw busy(other);
  }
  throw new WrennError('busy', 'the capsule is in the middle of other operations', { remedy: 'try again' });
}

function busy({ id, kind }: Pick<Job, 'id' | 'kind'>): WrennError {
  return new WrennError('busy', `the capsule is in the middle of another operation: ${kind} (${id})`, {
    remedy: `try again when GET /v1/jobs/${id} says that it has ended`,
  });
}

/** Waits for a job that somebody else runs. */
async function outcomeOf({ database }: ServerContext, teamId: TeamId, id: JobId): Promise<object> {
  using limit = deadline(waitMs, `waiting for the job ${id}`);
  const job = await until(
    async () => {
      const found = await findJob(database, teamId, id);
      return found.status === 'running' ? undefined : found;
    },
    lookEveryMs,
    limit,
  );
  if (job.error !== undefined) throw job.error;
  if (typeof job.result === 'object' && job.result !== null) return job.result;
  throw new WrennError('internal_error', `the job ${id} ended without saying what came of it`);
}

/** Does the work under the job's lease and writes down how it ended. */
async function finishJob<T extends object>(
  context: ServerContext,
  job: RunningJob,
  work: () => Promise<T>,
): Promise<T> {
  try {
    const result = await underLease(context, job.id, work);
    await writeEnding(context, job, { status: 'succeeded', result });
    return result;
  } catch (thrown) {
    const error = WrennError.from(thrown, 'the operation failed inside the server');
    await writeEnding(context, job, { status: 'failed', error });
    throw error;
  }
}

/** Shows the other replicas that somebody works on the job. */
export async function underLease<T>(
  { database, log }: ServerContext,
  id: JobId,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setInterval(() => {
    renewLease(database, id).catch((thrown: unknown) => {
      log.warn({ job: id, cause: describeError(thrown) }, 'renewing the lease of a job');
    });
  }, renewEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

/** What cannot be written now is found out again by the job monitor when the lease is over. */
export async function writeEnding(
  { database, recorder, log }: ServerContext,
  job: RunningJob,
  ending: Ending,
): Promise<void> {
  const happening = happeningOf(job, ending);
  try {
    await database.transaction().execute(async (transaction) => {
      const times = await endJob(transaction, job.id, ending);
      if (times === undefined) return;
      const { capsuleId } = job;
      const { result, error } = ending;
      const operation = capsuleId && operationOfJob({ ...job, ...times, capsuleId, result, error });
      if (operation !== undefined) await insertOperation(transaction, operation);
      if (happening !== undefined) await recorder.record(transaction, happening);
    });
  } catch (thrown) {
    log.error({ job: job.id, cause: describeError(thrown) }, 'the end of a job is left to the job monitor');
  }
}
