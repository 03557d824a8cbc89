import { freePort } from '@wrenn/testkit/free-port';
import type { TestProject } from 'vitest/node';
import { WrennInstallation } from './wrenn-installation.ts';

declare module 'vitest' {
  interface ProvidedContext {
    wrenn: {
      baseUrl: string;
      edgeUrl: string;
      relayAddress: string;
      agentAddress: string;
      apiKey: string;
      directory: string;
      /** Where a registry of images may be that it pulls from without TLS; of one file of tests. */
      registryPort: number;
    };
  }
}

/** One Wrenn for all files of `tests/e2e`, and one for those of `tests/alone`, since its first start boots a machine. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const registryPort = await freePort();
  const installation = await WrennInstallation.create(
    { first: 24_000, count: 64 },
    {
      WRENN_REGISTRY_PRIVATE_TARGETS: '127.0.0.1',
      WRENN_INSECURE_REGISTRIES: `127.0.0.1:${registryPort}`,
    },
  );
  try {
    await installation.start();
  } catch (thrown) {
    await installation[Symbol.asyncDispose]();
    throw thrown;
  }
  project.provide('wrenn', {
    baseUrl: installation.baseUrl,
    edgeUrl: installation.edgeUrl,
    relayAddress: installation.relayAddress,
    agentAddress: installation.agentAddress,
    apiKey: await installation.apiKey(),
    directory: installation.directory,
    registryPort,
  });
  return () => installation[Symbol.asyncDispose]();
}
