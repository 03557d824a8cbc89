import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Client, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { abortable, deadline } from '@wrenn/core';
import { Process } from '@wrenn/protocol/process';

const entry = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface EnvdUnderTest extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  readonly processes: Client<typeof Process>;
  /** A client with other headers or the other codec. */
  client(options: {
    readonly headers?: Record<string, string>;
    readonly codec?: 'json' | 'binary';
  }): Client<typeof Process>;
  /** The most memory it has had so far. */
  peakMemoryMiB(): number;
}

/**
 * The daemon itself, as a process of its own, on a free port of 127.0.0.1. `before` are words that start it, such as
 * an unshare(1) command; `main` another file than the source.
 */
export async function startEnvd({
  flags = ['--standalone'],
  before = [],
  main = entry,
}: {
  readonly flags?: readonly string[];
  readonly before?: readonly string[];
  readonly main?: string;
} = {}): Promise<EnvdUnderTest> {
  const [program = '', ...args] = [
    ...before,
    process.execPath,
    // As images/runtime/init starts it.
    ...['--max-semi-space-size=1', '--single-threaded-gc'],
    main,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    // What this machine has at that address is not a capsule's.
    '--metadata-url',
    'off',
    ...flags,
  ];
  // Some machines set it for all of their Nodes; in an /etc of its own the daemon would complain.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const url = `http://127.0.0.1:${await portOf(child)}`;
  const client: EnvdUnderTest['client'] = ({ headers = {}, codec = 'json' }) =>
    createClient(
      Process,
      createConnectTransport({
        baseUrl: url,
        httpVersion: '1.1',
        useBinaryFormat: codec === 'binary',
        interceptors: [
          (next) => (request) => {
            for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
            return next(request);
          },
        ],
      }),
    );
  const pid = child.pid ?? 0;
  return {
    url,
    pid,
    client,
    processes: client({}),
    peakMemoryMiB: () =>
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('envd has no output');
  using limit = deadline(20_000, 'waiting for envd to listen');
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const port = /"message":"listening".*"port":(\d+)/.exec(line)?.[1];
    if (port !== undefined) resolve(Number(port));
  });
  child.once('exit', (code) => reject(new Error(`envd exited with ${code}`)));
  child.once('error', reject);
  return await abortable(promise, limit);
}
