import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@wrenn/core';
import { bundleEnvd } from '../../apps/envd/build/bundle.ts';
import { type StandaloneBenchmark, timed } from '../benchmark.ts';
import { compare } from '../statistics.ts';

const bareServer =
  'require("node:http").createServer((_, answer) => answer.end()).listen(process.argv[1], "127.0.0.1")';
const flags = ['--max-semi-space-size=1', '--single-threaded-gc'];
/** A new connection for each request: a refused one says that nobody listens yet. */
const agent = new Agent({ keepAlive: false });

export const envdStart: StandaloneBenchmark = {
  name: 'envd-start',
  defaultRuns: 30,
  what: "the guest daemon's start to its first /health on this machine, against a bare HTTP server in Node",
  async runAlone({ runs, signal }) {
    const directory = await mkdtemp(join(tmpdir(), 'bench-envd-start-'));
    try {
      await bundleEnvd(directory);
      const bundle = join(directory, 'envd.cjs');
      const ours: number[] = [];
      const floor: number[] = [];
      for (let turn = -2; turn < runs; turn++) {
        const port = await freePort();
        const asOurs = [...flags, bundle, '--standalone', '--port', `${port}`];
        const asFloor = [...flags, '-e', bareServer, `${port}`];
        for (const [samples, argv] of [[ours, asOurs] as const, [floor, asFloor] as const]) {
          const ms = await startToHealth(argv, port, signal);
          if (turn >= 0) samples.push(ms);
        }
      }
      return { ...compare(ours, floor), bar: { p50: 3 } };
    } finally {
      await rm(directory, { recursive: true });
    }
  },
};

async function startToHealth(argv: readonly string[], port: number, signal: AbortSignal): Promise<number> {
  let child: ChildProcess | undefined;
  try {
    return await timed(async () => {
      child = spawn(process.execPath, [...argv], { stdio: 'ignore' });
      await until(() => isHealthy(port), 1, signal);
    });
  } finally {
    if (child !== undefined) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

async function isHealthy(port: number): Promise<true | undefined> {
  const { promise, resolve } = Promise.withResolvers<true | undefined>();
  get({ host: '127.0.0.1', port, path: '/health', agent }, (answer) => {
    answer.resume();
    answer.once('end', () => resolve(true));
  }).once('error', () => resolve(undefined));
  return await promise;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
