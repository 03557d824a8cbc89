import { Cleanup } from '@wrenn/core';
import type { TestProject } from 'vitest/node';
import { type Installation, startInstallation } from './start-installation.ts';

declare module 'vitest' {
  interface ProvidedContext {
    dashboard: Installation;
  }
}

/** One control plane on the fake host, with the built dashboard, for all files of `tests/browser`. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const cleanup = new Cleanup();
  try {
    project.provide('dashboard', await startInstallation(cleanup));
    return async () => {
      await cleanup.release();
    };
  } catch (thrown) {
    await cleanup.release();
    throw thrown;
  }
}
