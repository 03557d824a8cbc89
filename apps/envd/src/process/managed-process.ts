import type { ChildProcess } from 'node:child_process';
import { systemCode } from '@wrenn/core';
import { logFault } from '../log.ts';
import { InputPipe } from './input-pipe.ts';
import type { Outcome } from './outcome.ts';
import { OutputPipe } from './output-pipe.ts';
import { OutputQueue } from './output-queue.ts';
import type { ProcessSpec, Spawned } from './spawn-process.ts';

/** How often, after the exit, pipes that others still hold open are looked at. */
const lingerTickMs = 200;
/** Looks while the reader keeps up, after which the output counts as over even if others keep writing. */
const lingerTicks = 10;

export interface Ended {
  readonly outcome: Outcome;
  /** The process was killed because its time was over. */
  readonly timedOut: boolean;
}

/**
 * A process that was started: its output, its input, its end.
 *
 * `ended` settles once, after the exit was seen and the output is complete: both pipes are at their end or, when
 * processes it left behind hold them open, nothing came for a tick (200 ms) or ten ticks have passed. What those
 * write later is read and dropped, so that they are not killed by a closed pipe.
 */
export class ManagedProcess {
  readonly pid: number;
  readonly spec: ProcessSpec;
  readonly stdin: InputPipe | undefined;
  readonly output = new OutputQueue();
  /** The process itself is gone; its output may still be on its way. */
  readonly exited: Promise<Outcome>;
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #pipes: readonly OutputPipe[];
  #timedOut = false;

  /**
   * `lifeMs`, at most 2^31 - 1, bounds the process's life, whoever watches it; it and its group are killed when that
   * is over.
   */
  constructor(spawned: Extract<Spawned, { kind: 'running' }>, spec: ProcessSpec, lifeMs: number | undefined) {
    this.pid = spawned.pid;
    this.spec = spec;
    this.#child = spawned.child;
    this.stdin = spawned.stdin === undefined ? undefined : new InputPipe(spawned.stdin);
    this.#pipes = [
      new OutputPipe(spawned.stdout, 'stdout', this.output),
      new OutputPipe(spawned.stderr, 'stderr', this.output),
    ];
    const timer = lifeMs === undefined ? undefined : this.#endAfter(lifeMs);
    this.exited = outcomeOf(spawned.child).finally(() => clearTimeout(timer));
    this.ended = this.#settle();
  }

  /** Signals the process alone. False when it had ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): boolean {
    return this.#child.kill(name);
  }

  /** Kills the process and what shares its group. */
  killGroup(): void {
    // An ended process's ID can be another's by now.
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (thrown) {
      if (systemCode(thrown) !== 'ESRCH') logFault(`killing the process group ${this.pid}`, thrown);
    }
  }

  #endAfter(lifeMs: number): NodeJS.Timeout {
    return setTimeout(() => {
      this.#timedOut = true;
      this.killGroup();
    }, lifeMs);
  }

  async #settle(): Promise<Ended> {
    const outcome = await this.exited;
    this.stdin?.close();
    await this.#outputComplete();
    this.output.end();
    for (const pipe of this.#pipes) pipe.resume();
    return { outcome, timedOut: this.#timedOut };
  }

  async #outputComplete(): Promise<void> {
    const stopped = new AbortController();
    const closed = Promise.all(this.#pipes.map((pipe) => pipe.closed));
    await Promise.race([closed, this.#lingered(stopped.signal)]);
    stopped.abort();
  }

  /** Settles when pipes that others hold open have been silent, or have had their time. */
  #lingered(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let seen = this.#reads();
    let ticks = 0;
    const look = () => {
      // A reader that is behind has not had what the process itself wrote: that is no silence.
      if (signal.aborted || this.output.isHoldingUp) return;
      ticks += 1;
      const reads = this.#reads();
      if (reads === seen || ticks >= lingerTicks) resolve();
      seen = reads;
    };
    // A tick that was late comes before the reads that were late too, so those get their turn first.
    const timer = setInterval(() => setImmediate(look), lingerTickMs);
    signal.addEventListener('abort', () => clearInterval(timer), { once: true });
    return promise;
  }

  #reads(): number {
    return this.#pipes.reduce((sum, pipe) => sum + pipe.reads, 0);
  }
}

function outcomeOf(child: ChildProcess): Promise<Outcome> {
  const { promise, resolve } = Promise.withResolvers<Outcome>();
  child.once('exit', (code, signal) => {
    resolve(signal === null ? { kind: 'exited', code: code ?? -1 } : { kind: 'signalled', signal });
  });
  // From kill(), which reports it to its caller as well.
  child.on('error', (fault) => logFault(`process ${child.pid}`, fault));
  return promise;
}
