import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A line of `/execute`. */
export interface CellEvent {
  readonly type: string;
  readonly [name: string]: unknown;
}

export interface ServerOptions {
  /** Languages, separated by commas. */
  readonly warm: string;
  readonly envdUrl?: string;
  readonly node?: string;
}

const program = join(import.meta.dirname, '../server/main.py');
const pythons = ['python3', '/usr/bin/python3'];

/** A Python that is new enough for the server, and in which `modules` are. */
export function findPython(...modules: readonly string[]): string | undefined {
  const code = ['import sys; assert sys.version_info >= (3, 11)', ...modules.map((name) => `import ${name}`)];
  return pythons.find(
    (python) => spawnSync(python, ['-c', code.join('\n')], { stdio: 'ignore' }).status === 0,
  );
}

/** The code interpreter on this machine, with a home of its own. */
export class RunningServer implements AsyncDisposable {
  readonly home: string;
  readonly #process: ChildProcess;
  readonly #url: string;

  private constructor(home: string, process: ChildProcess, port: string) {
    this.home = home;
    this.#process = process;
    this.#url = `http://127.0.0.1:${port}`;
  }

  static async start(python: string, options: ServerOptions): Promise<RunningServer> {
    const home = await mkdtemp(join(tmpdir(), 'wrenn-interpreter-'));
    const child = spawn(
      python,
      [
        ...[program, '--host', '127.0.0.1', '--port', '0', '--home', home, '--warm', options.warm],
        ...['--node', options.node ?? process.execPath, '--envd', options.envdUrl ?? 'http://127.0.0.1:1'],
      ],
      {
        env: { ...process.env, HOME: home, PYTHONDONTWRITEBYTECODE: '1' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    for await (const line of createInterface({ input: child.stdout })) {
      const [, port] = /^listening on (\d+)$/.exec(line) ?? [];
      if (port !== undefined) return new RunningServer(home, child, port);
    }
    await rm(home, { recursive: true, force: true });
    throw new Error('the code interpreter ended before it listened');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'exit');
    }
    await rm(this.home, { recursive: true, force: true });
  }

  async request(method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Response> {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    return await fetch(`${this.#url}${path}`, { ...init, method, ...sent });
  }

  /** What happens in a cell, as it happens. Whoever stops listening goes away. */
  async *events(body: object, headers: Readonly<Record<string, string>> = {}): AsyncGenerator<CellEvent> {
    const response = await this.request('POST', '/execute', body, { headers });
    if (!response.ok || response.body === null)
      throw new Error(`refused with ${response.status}: ${await response.text()}`);
    let text = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (text + chunk).split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) yield JSON.parse(line);
    }
  }

  async run(body: object, headers: Readonly<Record<string, string>> = {}): Promise<Cell> {
    const events: CellEvent[] = [];
    for await (const event of this.events(body, headers)) events.push(event);
    return new Cell(events);
  }
}

/** A cell that is over. */
export class Cell {
  readonly events: readonly CellEvent[];

  constructor(events: readonly CellEvent[]) {
    this.events = events;
  }

  get types(): readonly string[] {
    return this.events.map(({ type }) => type).filter((type) => type !== 'keepalive');
  }

  get stdout(): string {
    return this.#textOf('stdout');
  }

  get stderr(): string {
    return this.#textOf('stderr');
  }

  get results(): readonly CellEvent[] {
    return this.events.filter(({ type }) => type === 'result');
  }

  /** Of the last expression. */
  get text(): unknown {
    return this.results.find((result) => result['is_main_result'] === true)?.['text'];
  }

  get error(): CellEvent | undefined {
    return this.events.find(({ type }) => type === 'error');
  }

  #textOf(name: string): string {
    return this.events.map((event) => (event.type === name ? event['text'] : '')).join('');
  }
}
