import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { deadline, until } from '@wrenn/core';
import { freePort } from './wrenn-installation.ts';

const program = join(import.meta.dirname, '../../apps/edge/src/main.ts');

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
    for (const folder of ['secrets', 'pki']) await mkdir(join(directory, folder), { mode: 0o700 });
    for (const file of ['secrets/edge', 'pki/ca.crt', 'pki/edge.crt', 'pki/edge.key'])
      await cp(join(wrennDirectory, file), join(directory, file));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(process.execPath, [program], {
      env: {
        ...process.env,
        WRENN_DIR: directory,
        WRENN_EDGE_LISTEN_ADDR: address,
        WRENN_CP_URL: controlPlaneUrl,
        LOG_LEVEL: 'silent',
      },
      stdio: 'ignore',
    });
    const edge = new DistantEdge(new URL(`http://${address}`), directory, child);
    using limit = deadline(30_000, 'starting an edge');
    await until(() => edge.#isUp(), 50, limit);
    return edge;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode === null) {
      this.#process.kill('SIGTERM');
      await once(this.#process, 'exit');
    }
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #isUp(): Promise<true | undefined> {
    try {
      return (await fetch(new URL('/health', this.url))).ok ? true : undefined;
    } catch {
      return undefined;
    }
  }
}
