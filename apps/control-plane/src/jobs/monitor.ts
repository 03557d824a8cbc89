import { describeError, pause, WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import type { Worker } from '../worker.ts';
import { underLease, writeEnding } from './run.ts';
import { claimAbandoned, type Job, removeOldJobs } from './store.ts';

/** Finishes or settles a job whose process died, and returns what its client would have got. */
export type Recover = (context: ServerContext, job: Job) => Promise<object>;

const everyMs = 5_000;
const jobsAtOnce = 16;
/** A host that is being started again answers within this many leases. */
const mostAttempts = 5;

/** Sees to it that every job ends, on every replica: takes over those whose process died, and forgets old ones. */
export class JobMonitor implements Worker {
  readonly name = 'job monitor';
  readonly #context: ServerContext;
  readonly #recoveries: ReadonlyMap<string, Recover>;
  #working = 0;

  /** `recoveries` is by kind; a kind that is not in it cannot be finished by another process. */
  constructor(context: ServerContext, recoveries: ReadonlyMap<string, Recover>) {
    this.#context = context;
    this.#recoveries = recoveries;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.pass();
      await pause(everyMs, signal);
    }
  }

  /** Takes over what nobody works on, and does not wait for it: one host that hangs must not hold up the rest. */
  async pass(): Promise<void> {
    const { database } = this.#context;
    const free = jobsAtOnce - this.#working;
    const jobs = free > 0 ? await claimAbandoned(database, free) : [];
    for (const job of jobs) void this.#take(job);
    await removeOldJobs(database);
  }

  async #take(job: Job): Promise<void> {
    this.#working += 1;
    try {
      await this.#context.operations.run(() => this.#settle(job));
    } finally {
      this.#working -= 1;
    }
  }

  /** Never throws. */
  async #settle(job: Job): Promise<void> {
    const { log } = this.#context;
    const about = { job: job.id, kind: job.kind, capsule: job.capsuleId, attempt: job.attempts };
    try {
      const result = await underLease(this.#context, job.id, () => this.#recover(job));
      await writeEnding(this.#context, job, { status: 'succeeded', result });
      log.info(about, 'finished a job whose process died');
    } catch (thrown) {
      const error = WrennError.from(thrown, 'the operation could not be finished');
      log.warn({ ...about, cause: describeError(error) }, 'finishing a job whose process died');
      const isKnown = !error.retryable && this.#recoveries.has(job.kind);
      if (isKnown) await writeEnding(this.#context, job, { status: 'failed', error });
      else if (!error.retryable || job.attempts >= mostAttempts)
        await writeEnding(this.#context, job, { status: 'unknown', error });
      // Else it is tried again when the lease is over.
      this.#context.hostMonitor.poke();
    }
  }

  async #recover(job: Job): Promise<object> {
    const recover = this.#recoveries.get(job.kind);
    if (recover !== undefined) return await recover(this.#context, job);
    throw new WrennError('conflict', `the process that did this died in the middle of the ${job.kind}`, {
      remedy: 'see what became of the capsule, then ask again with a new idempotency key',
    });
  }
}
