import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup, until } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import type { ControlPlaneConfig } from '../config.ts';
import { type ControlPlane, startControlPlane } from '../control-plane.ts';
import type { Extension } from '../extension.ts';
import { ensurePki } from '../pki/ensure.ts';
import { pkiPaths } from '../pki/paths.ts';
import { testConfig } from './test-config.ts';

export interface TestAgent extends AsyncDisposable {
  readonly address: string;
}

interface Tls {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
}

/** A control plane on a free port with one host that is online: what its tests start from. */
export interface TestServer<A> extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  readonly url: string;
  readonly apiKey: string;
  readonly agent: A;
  readonly config: ControlPlaneConfig;
}

export interface TestServerOptions<A extends TestAgent> {
  readonly databaseUrl: string;
  readonly startAgent: (tls: Tls) => Promise<A>;
  readonly extensions?: readonly Extension[];
  /** Settings, as the environment has them. */
  readonly variables?: Readonly<Record<string, string>>;
}

export async function startTestServer<A extends TestAgent>(
  options: TestServerOptions<A>,
): Promise<TestServer<A>> {
  const cleanup = new Cleanup();
  try {
    const directory = await mkdtemp(join(tmpdir(), 'wrenn-cp-'));
    await cleanup.add('the directory', () => rm(directory, { recursive: true, force: true }));
    const config = testConfig({ databaseUrl: options.databaseUrl, directory }, options.variables);
    const agent = await options.startAgent(await hostTls(directory));
    await cleanup.add('the agent', async () => await agent[Symbol.asyncDispose]());
    const { api_key_file: keyFile } = await bootstrap(
      config,
      join(directory, 'api-key'),
      agent.address,
      new Date(),
    );
    const controlPlane = await startControlPlane({
      config,
      log: createLogger('test', 'silent'),
      extensions: options.extensions ?? [],
    });
    await cleanup.add('the control plane', () => controlPlane.stop('leave'));
    const ready = async () => ((await fetch(`${controlPlane.url}/readyz`)).ok ? true : undefined);
    await until(ready, 20, AbortSignal.timeout(60_000));
    return {
      controlPlane,
      url: controlPlane.url,
      apiKey: (await readFile(keyFile, 'utf8')).trim(),
      agent,
      config,
      [Symbol.asyncDispose]: () => cleanup.release(),
    };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}

async function hostTls(directory: string): Promise<Tls> {
  const paths = pkiPaths(directory);
  await ensurePki(paths, '127.0.0.1', new Date());
  const [ca, certificate, key] = await Promise.all(
    [paths.ca.certificate, paths.host.certificate, paths.host.key].map((path) => readFile(path, 'utf8')),
  );
  return { ca: ca ?? '', certificate: certificate ?? '', key: key ?? '' };
}
