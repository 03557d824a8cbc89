import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable, deadline, until } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { freePort } from '@wrenn/testkit/free-port';

const repository = join(import.meta.dirname, '../..');
export const cliEntry = join(repository, 'apps/cli/src/main.ts');

/** A first start boots a template under emulation on what may be a busy machine. */
const startDeadlineMs = 300_000;
const stopDeadlineMs = 60_000;

const metricsVariables = [
  'WRENN_CP_METRICS_ADDR',
  'WRENN_SESSIONS_METRICS_ADDR',
  'WRENN_EDGE_METRICS_ADDR',
  'WRENN_HOST_METRICS_ADDR',
  'WRENN_RELAY_METRICS_ADDR',
] as const;

async function freeAddresses(variables: readonly string[]): Promise<Record<string, string>> {
  const entries = variables.map(async (variable) => [variable, `127.0.0.1:${await freePort()}`] as const);
  return Object.fromEntries(await Promise.all(entries));
}

/** Slots of the tests: away from those of an installation on the same machine. Each folder of tests has its own. */
export type SlotRange = { readonly first: number; readonly count: number };

/** A Wrenn of the tests' own: `wrenn up` on a new directory, free ports and other slots than the usual ones. */
export class WrennInstallation implements AsyncDisposable {
  readonly directory: string;
  readonly environment: NodeJS.ProcessEnv;
  #process: ChildProcess | undefined;
  #output = '';

  private constructor(directory: string, environment: NodeJS.ProcessEnv) {
    this.directory = directory;
    this.environment = environment;
  }

  /** `settings` beside those that keep it apart from others. */
  static async create(slots: SlotRange, settings: NodeJS.ProcessEnv = {}): Promise<WrennInstallation> {
    // Not the temporary directory, which may be in memory: the template's memory image goes here.
    const directory = await mkdtemp('/var/tmp/wrenn-test-');
    await chmod(directory, 0o711);
    const [api, edge, host, relay] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const metrics = await freeAddresses(metricsVariables);
    return new WrennInstallation(directory, {
      ...process.env,
      ...settings,
      WRENN_DIR: directory,
      WRENN_CP_LISTEN_ADDR: `127.0.0.1:${api}`,
      WRENN_EDGE_LISTEN_ADDR: `127.0.0.1:${edge}`,
      WRENN_HOST_LISTEN_ADDR: `127.0.0.1:${host}`,
      WRENN_RELAY_LISTEN_ADDR: `127.0.0.1:${relay}`,
      ...metrics,
      WRENN_SLOT_FIRST: String(slots.first),
      WRENN_SLOT_COUNT: String(slots.count),
      WRENN_SLOTS_READY: '2',
      DATABASE_URL: undefined,
      WRENN_API_KEY: undefined,
      WRENN_BASE_URL: undefined,
    });
  }

  get baseUrl(): string {
    return `http://${this.environment['WRENN_CP_LISTEN_ADDR']}`;
  }

  get edgeUrl(): string {
    return `http://${this.environment['WRENN_EDGE_LISTEN_ADDR']}`;
  }

  /** `host:port` */
  get relayAddress(): string {
    return String(this.environment['WRENN_RELAY_LISTEN_ADDR']);
  }

  /** `host:port` */
  get agentAddress(): string {
    return String(this.environment['WRENN_HOST_LISTEN_ADDR']);
  }

  /** PID of the supervisor. */
  get pid(): number {
    if (this.#process?.pid === undefined) throw new Error('this Wrenn is not running');
    return this.#process.pid;
  }

  /** What `wrenn up` has printed. */
  get output(): string {
    return this.#output;
  }

  /** Starts it and waits until it says that it is ready. */
  async start(): Promise<void> {
    this.#output = '';
    const child = spawn(process.execPath, [cliEntry, 'up'], {
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => this.#print(String(data)));
    using limit = deadline(startDeadlineMs, 'starting Wrenn');
    await until(() => this.#isReady(child), 50, limit);
  }

  /** As Ctrl-C does it. */
  async stop(): Promise<void> {
    await this.#end('SIGINT');
  }

  /** As the kernel does it when memory runs out. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async client(): Promise<WrennClient> {
    return new WrennClient({ baseUrl: this.baseUrl, apiKey: await this.apiKey() });
  }

  async apiKey(): Promise<string> {
    return (await readFile(join(this.directory, 'api-key'), 'utf8')).trim();
  }

  /** PID of one of the processes that the supervisor started, by the app that it runs; the relay is the agent's. */
  async childPid(app: 'control-plane' | 'host-agent' | 'edge' | 'relay'): Promise<number> {
    if (app === 'relay') return await childOf(await this.childPid('host-agent'), '\0relay\0');
    return await childOf(this.pid, `apps/${app}/`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async #isReady(child: ChildProcess): Promise<true | undefined> {
    if (child.exitCode !== null) throw new Error(`wrenn up exited with ${child.exitCode}:\n${this.#output}`);
    return this.#output.includes('hello from a capsule') ? true : undefined;
  }

  async #end(signal: 'SIGINT' | 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    using limit = deadline(stopDeadlineMs, 'stopping Wrenn');
    const exited = once(child, 'exit');
    child.kill(signal);
    await abortable(exited, limit);
  }

  #print(text: string): void {
    this.#output = (this.#output + text).slice(-1_000_000);
  }
}

async function childOf(parent: number, argument: string): Promise<number> {
  const children = await readFile(`/proc/${parent}/task/${parent}/children`, 'utf8');
  for (const pid of children.trim().split(' ')) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes(argument)) return Number(pid);
  }
  throw new Error(`${argument} is not among the children of ${parent}`);
}
