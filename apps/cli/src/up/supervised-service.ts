import { abortable, describeError, pause, type Report, type StopMode } from '@wrenn/core';
import {
  describeEnd,
  type ServiceEnd,
  type ServiceProcess,
  type ServiceSpec,
  startService,
} from './service-process.ts';

export interface Supervision {
  readonly onProgress: Report;
  /** Told of each new process, the first one too. */
  readonly onStarted: (process: ServiceProcess) => Promise<void>;
  /** Told what a person at the terminal should know. */
  readonly announce: (line: string) => void;
  /** Pause before the first restart; doubled for each further one up to `longestPauseMs`. */
  readonly firstPauseMs?: number;
  readonly longestPauseMs?: number;
}

/** A process that ran this long was well: the next end of it counts as the first again. */
const wellAfterMs = 60_000;

/** Keeps one of our programs running until it is told to stop: one that ends by itself is started again. */
export class SupervisedService {
  readonly #spec: ServiceSpec;
  readonly #supervision: Supervision;
  readonly #stopping = new AbortController();
  #process: ServiceProcess;
  #kept: Promise<void> = Promise.resolve();

  private constructor(spec: ServiceSpec, supervision: Supervision, first: ServiceProcess) {
    this.#spec = spec;
    this.#supervision = supervision;
    this.#process = first;
  }

  /**
   * Starts the program; `ready()` says when it serves. A first process that ends before it was ready is not started
   * again: its fault is the caller's, who stands before a person.
   */
  static async start(spec: ServiceSpec, supervision: Supervision): Promise<SupervisedService> {
    const first = await startService(spec, supervision.onProgress);
    const service = new SupervisedService(spec, supervision, first);
    try {
      await supervision.onStarted(first);
    } catch (thrown) {
      first.kill();
      throw thrown;
    }
    service.#kept = service.#keep();
    return service;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** The facts of the first process; rejects with its fault. */
  async ready(signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
    return await abortable(this.#process.ready, signal);
  }

  /** By force when it said nothing for `quietMs`. Returns how the last process ended, which may be long ago. */
  async stop(mode: StopMode, quietMs: number): Promise<ServiceEnd> {
    this.#stopping.abort();
    const end = await this.#process.stop(mode, quietMs);
    await this.#kept;
    return end;
  }

  kill(): void {
    this.#stopping.abort();
    this.#process.kill();
  }

  async #keep(): Promise<void> {
    const wasReady = await this.#process.ready.then(
      () => true,
      () => false,
    );
    if (!wasReady) return;
    const { firstPauseMs = 500, longestPauseMs = 30_000 } = this.#supervision;
    let pauseMs = firstPauseMs;
    let startedAt = performance.now();
    for (;;) {
      const end = await this.#process.ended;
      if (this.#stopping.signal.aborted) return;
      if (performance.now() - startedAt > wellAfterMs) pauseMs = firstPauseMs;
      this.#announceEnd(end, pauseMs);
      if (!(await this.#pause(pauseMs))) return;
      startedAt = performance.now();
      pauseMs = Math.min(pauseMs * 2, longestPauseMs);
      await this.#startAgain();
    }
  }

  async #startAgain(): Promise<void> {
    const { onProgress, onStarted, announce } = this.#supervision;
    try {
      this.#process = await startService(this.#spec, onProgress);
    } catch (thrown) {
      // The process that ended stays in place, so that the loop comes back here after the next pause.
      announce(`${this.name} could not be started: ${describeError(thrown)}`);
      return;
    }
    if (this.#stopping.signal.aborted) {
      // The order to stop came while the process was being made.
      this.#process.kill();
      return;
    }
    void this.#process.ready.then(
      () => announce(`${this.name} runs again`),
      () => undefined,
    );
    try {
      await onStarted(this.#process);
    } catch (thrown) {
      // The disk may be full: no reason to stop a program that serves.
      announce(`${this.name} was not noted: ${describeError(thrown)}`);
    }
  }

  #announceEnd(end: ServiceEnd, pauseMs: number): void {
    const fault = end.fault === undefined ? '' : `: ${end.fault.message}`;
    const again = `starting it again in ${pauseMs / 1000} s`;
    this.#supervision.announce(
      `${this.name} ${describeEnd(end)}${fault}; ${again} (log: ${this.#process.logFile})`,
    );
  }

  async #pause(ms: number): Promise<boolean> {
    try {
      await pause(ms, this.#stopping.signal);
      return true;
    } catch (thrown) {
      if (this.#stopping.signal.aborted) return false;
      throw thrown;
    }
  }
}
