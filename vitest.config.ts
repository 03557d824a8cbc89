import { defineConfig } from 'vitest/config';

/** How long tests wait for what is to come: a machine that is slow for a while is no fault. */
const patient = { expect: { poll: { timeout: 20_000 } } };
/** The same for emulated machines, in which the start of a program takes seconds. */
const veryPatient = { expect: { poll: { timeout: 60_000 } } };

/**
 * Files named `*.test.ts` beside the code need no privileges; `tests/` says in its folder's name what it needs.
 * Files of one project share the modules that they load: to load them anew for each took a fifth of the time.
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...patient,
          name: 'unit',
          include: [
            '{apps,packages}/*/{src,build}/**/*.test.ts',
            '{images,scripts,tests/endurance}/**/*.test.ts',
          ],
          exclude: ['**/*.integration.test.ts', '**/node_modules/**'],
          isolate: false,
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        // What a machine has once: network slots, images, device mapper. Needs root.
        test: {
          ...patient,
          name: 'host',
          include: ['apps/host-agent/src/**/*.integration.test.ts'],
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        // Other real parts: namespaces and cgroups of their own, child processes, PostgreSQL. Needs root.
        test: {
          ...patient,
          name: 'integration',
          include: ['{apps,packages}/*/src/**/*.integration.test.ts', 'images/**/*.integration.test.ts'],
          exclude: ['apps/{control-plane,host-agent}/**', '**/node_modules/**'],
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        // The control plane on real PostgreSQL servers, which the files share, each with databases of its own: two at a time.
        test: {
          ...patient,
          name: 'database',
          include: ['apps/control-plane/src/**/*.integration.test.ts'],
          globalSetup: 'apps/control-plane/src/db/testing/share-postgres.ts',
          isolate: false,
          testTimeout: 60_000,
          hookTimeout: 120_000,
          maxWorkers: 2,
        },
      },
      {
        // The dashboard in Chromium, on a control plane with a fake host: two files at a time.
        test: {
          ...patient,
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          globalSetup: 'tests/browser/support/installation.ts',
          testTimeout: 120_000,
          hookTimeout: 240_000,
          maxWorkers: 2,
        },
      },
      {
        // A whole Wrenn with real virtual machines, shared by all files: two at a time, each with capsules of its own.
        test: {
          ...veryPatient,
          name: 'e2e',
          include: ['tests/e2e/**/*.test.ts'],
          globalSetup: 'tests/support/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
        },
      },
      {
        // The same, for tests that count what is on the machine, look at the time, or take all of the processor.
        test: {
          ...veryPatient,
          name: 'alone',
          include: ['tests/alone/**/*.test.ts'],
          globalSetup: 'tests/support/global-setup.ts',
          testTimeout: 120_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        // Applications that take minutes to be installed in an emulated guest; not part of `npm test`.
        test: {
          ...veryPatient,
          name: 'slow',
          include: ['tests/slow/**/*.test.ts'],
          globalSetup: 'tests/support/global-setup.ts',
          testTimeout: 300_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
      {
        // A Wrenn of its own for each file, since these break it.
        test: {
          ...veryPatient,
          name: 'faults',
          include: ['tests/faults/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
