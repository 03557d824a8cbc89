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
    };
  }
}

/** One Wrenn for all files of `tests/e2e`, and one for those of `tests/alone`, since its first start boots a machine. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const installation = await WrennInstallation.create({ first: 24_000, count: 64 });
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
  });
  return () => installation[Symbol.asyncDispose]();
}
