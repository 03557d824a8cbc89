import { type ChildProcess, fork, type Serializable } from 'node:child_process';
import { abortable, deadline, describeError } from '@wrenn/core';
import type { Logger } from 'pino';

/** For its clients to be told that they should come back. */
const stopMs = 5_000;
const firstRestartMs = 100;
const longestRestartMs = 5_000;

export interface KeptProcessOptions {
  /** For the log. */
  readonly name: string;
  /** For traces: the child's own name there. */
  readonly traceName: string;
  readonly program: string;
  readonly args: readonly string[];
  readonly log: Logger;
  readonly onMessage: (message: unknown, child: ChildProcess) => void;
}

/**
 * A child process that is started again whenever it ends, later and later, until `close`. It is told to stop by the end
 * of its IPC channel, as it is when this process dies.
 */
export class KeptProcess {
  readonly #options: KeptProcessOptions;
  #child: ChildProcess;
  #state: 'running' | 'stopping' = 'running';
  #restartMs = firstRestartMs;
  #restart: NodeJS.Timeout | undefined;

  constructor(options: KeptProcessOptions) {
    this.#options = options;
    this.#child = this.#start();
  }

  get isConnected(): boolean {
    return this.#child.connected;
  }

  /**
   * `onSent` is told whether the message went out. A handle stays open here until it is closed: were Node to do so, those
   * that are on their way to a process that dies would stay open for ever.
   */
  send(
    message: Serializable,
    handle: Parameters<ChildProcess['send']>[1],
    onSent: (fault: Error | null) => void,
  ): void {
    this.#child.send(message, handle, { keepOpen: true }, onSent);
  }

  /** Returns when it has ended. */
  async close(): Promise<void> {
    this.#state = 'stopping';
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    // An error of its channel, which is logged, is not its end.
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    child.once('exit', () => resolve());
    if (child.connected) child.disconnect();
    using limit = deadline(stopMs, `ending ${this.#options.name}`);
    await abortable(ended, limit).catch(async () => {
      child.kill('SIGKILL');
      await ended;
    });
  }

  #start(): ChildProcess {
    const { name, traceName, program, args, log, onMessage } = this.#options;
    const began = performance.now();
    // What this process was started with to record traces, the child is started with too.
    const child = fork(program, [...args], {
      // A session of its own: the kernel shares the processor out by them (put-first.ts).
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: { ...process.env, OTEL_SERVICE_NAME: traceName },
    });
    child.on('message', (message: unknown) => onMessage(message, child));
    child.on('error', (fault) => log.error({ cause: describeError(fault) }, name));
    child.once('exit', (code, signal) => {
      if (this.#state === 'stopping') return;
      log.error({ code, signal }, `${name} ended; starting it again`);
      if (performance.now() - began > longestRestartMs) this.#restartMs = firstRestartMs;
      this.#restart = setTimeout(() => {
        this.#child = this.#start();
      }, this.#restartMs);
      this.#restartMs = Math.min(longestRestartMs, this.#restartMs * 2);
    });
    return child;
  }
}
