import type { ChildProcess } from 'node:child_process';
import { Socket } from 'node:net';
import { systemCode } from '@wrenn/core';
import { logFault } from '../log.ts';
import type { Placement } from '../workload/workload.ts';
import { InputPipe } from './input-pipe.ts';
import { InputWriters } from './input-writers.ts';
import { type Outcome, outcomeOfExit } from './outcome.ts';
import type { OutputLog } from './output-log.ts';
import { OutputPipe } from './output-pipe.ts';
import type { Spawned } from './spawn-process.ts';
import { Terminal } from './terminal.ts';

/** How often, after the exit, pipes that others still hold open are looked at. */
const lingerTickMs = 200;
/** Looks while the reader keeps up, after which the output counts as over even if others keep writing. */
const lingerTicks = 10;

export interface Ended {
  readonly outcome: Outcome;
  /** The process was killed because its time was over. */
  readonly timedOut: boolean;
}

export interface ProcessOptions {
  readonly output: OutputLog;
  readonly placement: Placement;
  /** At most 2^31 - 1: bounds the process's life, whoever watches it. Everything in its place is killed after it. */
  readonly lifeMs: number | undefined;
}

/** Where its input goes. */
export type Input =
  | { readonly kind: 'pipe'; readonly pipe: InputPipe }
  | { readonly kind: 'terminal'; readonly terminal: Terminal }
  | { readonly kind: 'none' };

/**
 * A process that was started: its output, its input, its end.
 *
 * `ended` settles once, after the exit was seen and the output is complete: both pipes, or the terminal, are at their
 * end or, when processes it left behind hold them open, nothing came for a tick (200 ms) or ten ticks have passed.
 * What those write later into the pipes is read and dropped, so that they are not killed by a closed pipe; a terminal
 * is taken from them by the kernel as soon as its leader ends.
 */
export class ManagedProcess {
  readonly pid: number;
  readonly input: Input;
  readonly writers = new InputWriters();
  readonly output: OutputLog;
  /** The process itself is gone; its output may still be on its way. */
  readonly exited: Promise<Outcome>;
  readonly ended: Promise<Ended>;
  readonly #outputs: readonly OutputPipe[];
  readonly #placement: Placement;
  /** Undefined once it has ended: its ID can be another's by then. */
  #child: ChildProcess | undefined;
  #timedOut = false;

  constructor(
    { pid, child, ends, endingSignal }: Extract<Spawned, { kind: 'running' }>,
    { output, placement, lifeMs }: ProcessOptions,
  ) {
    this.pid = pid;
    this.output = output;
    this.#child = child;
    this.#placement = placement;
    if (ends.kind === 'terminal') {
      const terminal = new Terminal(ends.master);
      this.input = { kind: 'terminal', terminal };
      output.setSize(ends.size);
      this.#outputs = [new OutputPipe(terminal.screen, 'pty', output)];
    } else {
      const { stdin } = ends;
      this.input = stdin === undefined ? { kind: 'none' } : { kind: 'pipe', pipe: new InputPipe(stdin) };
      this.#outputs = [
        new OutputPipe(readable(ends.stdout), 'stdout', output),
        new OutputPipe(readable(ends.stderr), 'stderr', output),
      ];
    }
    this.exited = this.#untilExit(child, endingSignal, lifeMs);
    this.ended = this.#settle();
  }

  /** Signals the process alone. False when it had ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): boolean {
    return this.#child?.kill(name) ?? false;
  }

  /** Kills the process with everything that it has started. False when it had ended. */
  killAll(): boolean {
    if (this.#child === undefined) return false;
    this.killGroup();
    this.#placement.killAll();
    return true;
  }

  /** Kills the process and what shares its group. */
  killGroup(): void {
    if (this.#child === undefined) return;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch (thrown) {
      if (systemCode(thrown) !== 'ESRCH') logFault(`killing the process group ${this.pid}`, thrown);
    }
    // One that was launched into a terminal just now leads no group yet.
    this.signal('SIGKILL');
  }

  #untilExit(child: ChildProcess, endingSignal: () => number, lifeMs: number | undefined): Promise<Outcome> {
    const { promise, resolve } = Promise.withResolvers<Outcome>();
    const timer = lifeMs === undefined ? undefined : setTimeout(() => this.#timeOut(), lifeMs);
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      this.#child = undefined;
      resolve(outcomeOfExit(code, signal ?? endingSignal()));
      // Its end is told first.
      setImmediate(() => this.#placement.release());
    });
    // From kill(), which reports it to its caller as well.
    child.on('error', (fault) => logFault(`process ${child.pid}`, fault));
    return promise;
  }

  #timeOut(): void {
    this.#timedOut = true;
    this.killAll();
  }

  async #settle(): Promise<Ended> {
    const outcome = await this.exited;
    if (this.input.kind === 'pipe') this.input.pipe.close();
    await this.#outputComplete();
    this.output.end();
    if (this.input.kind === 'terminal') this.input.terminal.close();
    for (const output of this.#outputs) output.resume();
    return { outcome, timedOut: this.#timedOut };
  }

  async #outputComplete(): Promise<void> {
    const stopped = new AbortController();
    const closed = Promise.all(this.#outputs.map((output) => output.closed));
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
    return this.#outputs.reduce((sum, output) => sum + output.reads, 0);
  }
}

/** Takes over the descriptor `fd`. */
function readable(fd: number): Socket {
  return new Socket({ fd, readable: true, writable: false });
}
