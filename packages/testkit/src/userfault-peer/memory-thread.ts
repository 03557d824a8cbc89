import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { GuestRegion, MemoryTask } from './memory-task.ts';

type Answer = { readonly ok: unknown } | { readonly error: string };

/**
 * A thread over the same memory as its process, that does one task after the other. A task that waits for a page which
 * never comes blocks it for good: only the end of the process ends it then.
 */
export class MemoryThread {
  readonly #worker: Worker;
  readonly #ended = new AbortController();
  #last: Promise<unknown> = Promise.resolve();

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.unref();
  }

  /** Returns when it has loaded all of its code. */
  static async start(program: URL, regions: readonly GuestRegion[]): Promise<MemoryThread> {
    const worker = new Worker(program, { workerData: regions });
    await once(worker, 'message');
    return new MemoryThread(worker);
  }

  run<T>(task: MemoryTask): Promise<T> {
    const next = this.#last.then(() => this.#ask<T>(task));
    this.#last = next.catch(() => undefined);
    return next;
  }

  async end(): Promise<void> {
    this.#ended.abort(new Error('the memory is no longer mapped'));
    await this.#worker.terminate();
  }

  async #ask<T>(task: MemoryTask): Promise<T> {
    const answered = once(this.#worker, 'message', { signal: this.#ended.signal });
    this.#worker.ref();
    this.#worker.postMessage(task);
    const [answer] = (await answered) as [Answer];
    this.#worker.unref();
    if ('error' in answer) throw new Error(answer.error);
    return answer.ok as T;
  }
}
