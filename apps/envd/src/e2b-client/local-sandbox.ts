import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sandbox } from 'e2b';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

export interface LocalSandbox extends AsyncDisposable {
  /** The published client, in its debug mode: it asks no API for a sandbox. */
  readonly sandbox: Sandbox;
  readonly envd: EnvdUnderTest;
  /** An empty folder. */
  readonly folder: string;
}

/** The daemon on this machine, and E2B's client that talks to it. */
export async function startLocalSandbox(): Promise<LocalSandbox> {
  const envd = await startEnvd();
  const folder = await mkdtemp(join(tmpdir(), 'envd-e2b-client-'));
  const sandbox = await Sandbox.create({ debug: true, sandboxUrl: envd.url });
  return {
    sandbox,
    envd,
    folder,
    async [Symbol.asyncDispose]() {
      await envd[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
}
