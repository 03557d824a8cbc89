import { describeError, pause, WrennError } from '@wrenn/core';
import type { ServerContext } from '../server-context.ts';
import type { Worker } from '../worker.ts';
import { dropArchive } from './archives.ts';
import type { Build } from './build.ts';
import { dropDrafts } from './publish.ts';
import { runBuild } from './run-build.ts';
import { type BuildEnding, claimBuild, endBuild, giveBack, renewBuild, renewEveryMs } from './store.ts';

const lookEveryMs = 500;

/** Takes up what waits to be built, and what a process that died has left, a few at a time. */
export class BuildWorker implements Worker {
  readonly name = 'builds';
  readonly #context: ServerContext;
  readonly #working = new Set<Promise<void>>();

  constructor(context: ServerContext) {
    this.#context = context;
  }

  /** A build that is under way at the end is left to whoever takes it up: what it has done is kept. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      while (!signal.aborted) {
        if (this.#working.size < this.#context.config.buildsAtOnce) await this.#takeOne(signal);
        await pause(lookEveryMs, signal).catch(() => undefined);
      }
    } finally {
      await Promise.all(this.#working);
    }
  }

  async #takeOne(signal: AbortSignal): Promise<void> {
    const claimed = await claimBuild(this.#context.database);
    if (claimed === undefined) return;
    const work = this.#build(claimed.build, claimed.credentials, signal);
    this.#working.add(work);
    void work.finally(() => this.#working.delete(work));
  }

  /** Never rejects. */
  async #build(build: Build, credentials: Buffer | undefined, stopping: AbortSignal): Promise<void> {
    const { log } = this.#context;
    const about = { build: build.id, name: build.name, attempt: build.attempts };
    const giveUp = new AbortController();
    const renewal = setInterval(() => void this.#renew(build, giveUp), renewEveryMs);
    const signal = AbortSignal.any([stopping, giveUp.signal]);
    log.info(about, 'building a template');
    try {
      if (build.isCancelAsked) throw cancelled();
      const template = await runBuild(this.#context, build, credentials, signal);
      await this.#end(build, { status: 'success', templateId: template.id });
      log.info({ ...about, template: template.id }, 'built a template');
    } catch (thrown) {
      const error = WrennError.from(thrown, 'the build failed');
      log.info({ ...about, cause: describeError(thrown) }, 'a build ended without a template');
      if (signal.reason === lost) return;
      // Another process goes on with it, at once.
      if (stopping.aborted) return await this.#leave(build);
      const isCancelled = giveUp.signal.aborted || error.code === 'cancelled';
      await this.#end(build, {
        status: isCancelled ? 'cancelled' : 'failed',
        error: isCancelled ? cancelled() : error,
      });
    } finally {
      clearInterval(renewal);
    }
  }

  async #renew({ id }: Build, giveUp: AbortController): Promise<void> {
    const { database, log } = this.#context;
    try {
      const state = await renewBuild(database, id);
      if (state === 'cancelled') giveUp.abort(cancelled());
      if (state === 'lost') giveUp.abort(lost);
    } catch (thrown) {
      log.warn({ build: id, cause: describeError(thrown) }, 'renewing the lease of a build');
    }
  }

  async #leave({ id }: Build): Promise<void> {
    const { database, log } = this.#context;
    try {
      await giveBack(database, id);
    } catch (thrown) {
      log.warn({ build: id, cause: describeError(thrown) }, 'a build is taken up when its lease is over');
    }
  }

  async #end(build: Build, ending: BuildEnding): Promise<void> {
    const { database, log } = this.#context;
    try {
      await endBuild(database, build.id, ending);
      await dropDrafts(this.#context, build);
      if (build.archiveId !== undefined) await dropArchive(database, build.archiveId);
    } catch (thrown) {
      log.error({ build: build.id, cause: describeError(thrown) }, 'the end of a build was not written down');
    }
  }
}

const lost = new WrennError('conflict', 'another process has taken the build up');

function cancelled(): WrennError {
  return new WrennError('cancelled', 'the build was cancelled');
}
