import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { abortable, deadline } from '@wrenn/core';

const program = fileURLToPath(new URL('../../../../envd/src/main.ts', import.meta.url));
const flags = ['--standalone', '--host', '127.0.0.1', '--port', '0', '--metadata-url', 'off'];

/** The daemon of guests itself, as a process of this machine: it lets in whoever calls, and what it starts runs here. */
export interface EnvdProcess extends AsyncDisposable {
  readonly port: number;
}

export async function startEnvdProcess(): Promise<EnvdProcess> {
  // Some machines set it for all of their Nodes.
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'inherit'], env });
  const exited = once(child, 'exit');
  const port = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const found = /"message":"listening".*"port":(\d+)/.exec(line)?.[1];
    if (found !== undefined) port.resolve(Number(found));
  });
  exited.then(([code]) => port.reject(new Error(`envd exited with ${code}`)), port.reject);
  using limit = deadline(30_000, 'waiting for envd to listen');
  return {
    port: await abortable(port.promise, limit),
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}
