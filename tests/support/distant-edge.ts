import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { abortable, deadline, parseServiceMessage } from '@wrenn/core';

const program = join(import.meta.dirname, '../../apps/edge/src/main.ts');
const startMs = 60_000;

/**
 * An edge as it stands on a machine without capsules: it has its secret and its certificate, and reaches hosts by their
 * relays alone.
 */
export class DistantEdge implements AsyncDisposable {
  readonly url: URL;
  readonly #directory: string;
  readonly #process: ChildProcess;

  private constructor(url: URL, directory: string, child: ChildProcess) {
    this.url = url;
    this.#directory = directory;
    this.#process = child;
  }

  static async start(wrennDirectory: string, controlPlaneUrl: string): Promise<DistantEdge> {
    const directory = await mkdtemp('/var/tmp/wrenn-test-edge-');
    let child: ChildProcess | undefined;
    try {
      for (const folder of ['secrets', 'pki']) await mkdir(join(directory, folder), { mode: 0o700 });
      for (const file of ['secrets/edge', 'pki/ca.crt', 'pki/edge.crt', 'pki/edge.key'])
        await cp(join(wrennDirectory, file), join(directory, file));
      child = fork(program, {
        env: {
          ...process.env,
          WRENN_DIR: directory,
          WRENN_EDGE_LISTEN_ADDR: '127.0.0.1:0',
          WRENN_CP_URL: controlPlaneUrl,
          LOG_LEVEL: 'warn',
        },
        execArgv: [],
      });
      return new DistantEdge(new URL(await addressOf(child)), directory, child);
    } catch (thrown) {
      await end(child, directory);
      throw thrown;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process, this.#directory);
  }
}

/** Where it listens, as it says to whoever started it; throws what keeps it from that. */
async function addressOf(child: ChildProcess): Promise<string> {
  const said = Promise.withResolvers<string>();
  child.on('message', (message) => {
    const heard = parseServiceMessage(message);
    if (heard?.type === 'ready') said.resolve(heard.facts['address'] ?? '');
    else if (heard?.type === 'fault') said.reject(new Error(`the edge says: ${heard.message}`));
  });
  child.once('exit', (code) => said.reject(new Error(`the edge ended with ${code}`)));
  using limit = deadline(startMs, 'starting an edge');
  return await abortable(said.promise, limit);
}

async function end(child: ChildProcess | undefined, directory: string): Promise<void> {
  if (child !== undefined && child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  await rm(directory, { recursive: true, force: true });
}
