import { allEnded, Cleanup, type Report, runStep, type StopMode, WrennError } from '@wrenn/core';
import type { UpConfig } from '../config.ts';
import { type Database, startDatabase } from './database.ts';
import type { DirectoryLock } from './directory-lock.ts';
import type { Programs } from './programs.ts';
import { runOnce } from './run-once.ts';
import { describeEnd, type ServiceProcess, type ServiceSpec } from './service-process.ts';
import { SupervisedService } from './supervised-service.ts';
import { together } from './together.ts';

/** What stands around the processes: where progress goes and who remembers their PIDs. */
export interface Surroundings {
  readonly config: UpConfig;
  readonly programs: Programs;
  readonly lock: DirectoryLock;
  readonly report: Report;
  readonly announce: (line: string) => void;
}

/**
 * The way of a request, so that whoever is still there has everything that it needs. The agent stops beside the control
 * plane: that one takes no more requests from then on, and those in flight end with the answer that the agent gives.
 */
const stopOrder: readonly (readonly (readonly [name: string, mode: StopMode])[])[] = [
  [['edge', 'leave']],
  [
    ['control-plane', 'leave'],
    ['host-agent', 'pause'],
  ],
];

/** Requests in flight get this long to end; what says how far it is gets more time. */
const quietStopMs = 45_000;

/**
 * The processes of one Wrenn. Whatever was started is stopped by `stop`, also when the start failed halfway.
 */
export class Installation {
  readonly #around: Surroundings;
  #database: Database | undefined;
  /** All children that run, also those that only do a job and end. */
  readonly #processes = new Set<ServiceProcess>();
  readonly #services = new Map<string, SupervisedService>();
  readonly #facts = new Map<string, Readonly<Record<string, string>>>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /**
   * Starts everything as early as what it needs is there: the host's set-up, the database, the dashboard's build and the
   * edge at once; the control plane after database and build; the agent after the set-up and after the control plane made its certificate.
   */
  async start(signal: AbortSignal): Promise<void> {
    const { programs } = this.#around;
    const setUp = Promise.withResolvers<void>();
    const identified = Promise.withResolvers<void>();
    const built = Promise.withResolvers<void>();
    // Whoever waits for these is told by its signal when the other side failed.
    setUp.promise.catch(() => undefined);
    identified.promise.catch(() => undefined);
    built.promise.catch(() => undefined);
    await together(
      [
        (until) => this.#setUp(until).then(setUp.resolve, failing(setUp.reject)),
        (until) => this.#identify(until).then(identified.resolve, failing(identified.reject)),
        (until) => this.#buildDashboard(until).then(built.resolve, failing(built.reject)),
        async (until) => {
          await Promise.all([identified.promise, built.promise]);
          await this.#serve(programs.controlPlane(this.#databaseUrl()), until);
        },
        async (until) => {
          await Promise.all([setUp.promise, identified.promise]);
          await this.#serve(programs.agent, until);
        },
        (until) => this.#serve(programs.edge, until),
      ],
      signal,
    );
  }

  /** What a program said of itself when it was ready, if it said it. */
  factIfAny(program: string, name: string): string | undefined {
    return this.#facts.get(program)?.[name];
  }

  /** What every program of its kind says. */
  fact(program: string, name: string): string {
    const value = this.factIfAny(program, name);
    if (value === undefined) throw new WrennError('internal_error', `${program} did not report its ${name}`);
    return value;
  }

  /** Stops in the order in which requests flow. The agent pauses the running capsules, however long that takes. */
  async stop(): Promise<void> {
    const cleanup = new Cleanup();
    await cleanup.add('database', () => this.#database?.stop());
    for (const group of stopOrder.toReversed()) {
      await cleanup.add(group.map(([name]) => name).join(' and '), async () => {
        await allEnded(group.map(([name, mode]) => this.#stopService(name, mode)));
      });
    }
    await cleanup.release();
  }

  /** Ends all of our processes at once. Capsules that run are found again by the next start. */
  kill(): void {
    for (const service of this.#services.values()) service.kill();
    for (const process of this.#processes) process.kill();
    this.#database?.kill();
  }

  async #stopService(name: string, mode: StopMode): Promise<void> {
    const end = await this.#services.get(name)?.stop(mode, quietStopMs);
    if (mode === 'leave' || end === undefined || end.code === 0 || !this.#facts.has(name)) return;
    this.#around.announce(
      `${name} ${describeEnd(end)} before it had paused all capsules: those that run are found by the next start`,
    );
  }

  async #setUp(signal: AbortSignal): Promise<void> {
    const { programs, report } = this.#around;
    await runOnce(programs.setup, { report, onStarted: this.#remember, signal });
  }

  async #buildDashboard(signal: AbortSignal): Promise<void> {
    const { programs, report } = this.#around;
    await runOnce(programs.dashboard, { report, onStarted: this.#remember, signal });
  }

  async #identify(signal: AbortSignal): Promise<void> {
    const { config, programs, report, announce } = this.#around;
    const database = await runStep(report, 'database', async () => ({
      value: await startDatabase(config, announce, signal),
      cached: false,
    }));
    this.#database = database;
    await runStep(report, 'keys and tables', async () => {
      const task = programs.bootstrap(database.url);
      this.#facts.set(task.name, await runOnce(task, { report, onStarted: this.#remember, signal }));
      return { value: undefined, cached: false };
    });
  }

  /** Starts a program that keeps running, and returns when it serves. */
  async #serve(spec: ServiceSpec, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { report, announce } = this.#around;
    await runStep(report, spec.name, async () => {
      const supervision = { onProgress: report, onStarted: this.#remember, announce };
      const service = await SupervisedService.start(spec, supervision);
      this.#services.set(spec.name, service);
      this.#facts.set(spec.name, await service.ready(signal));
      return { value: undefined, cached: false };
    });
  }

  #databaseUrl(): string {
    if (this.#database === undefined)
      throw new TypeError('the control plane was started before its database');
    return this.#database.url;
  }

  readonly #remember = async (process: ServiceProcess): Promise<void> => {
    this.#processes.add(process);
    void process.ended.then(() => this.#processes.delete(process));
    await this.#around.lock.remember(process.pid);
  };
}

/** Passes a fault on to those who wait, and lets it go on to the caller. */
function failing(reject: (reason: unknown) => void): (thrown: unknown) => never {
  return (thrown) => {
    reject(thrown);
    throw thrown;
  };
}
