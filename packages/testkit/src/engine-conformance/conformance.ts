import { Cleanup } from '@wrenn/core';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { confinementPromises } from './confinement.ts';
import { diskPromises } from './disks.ts';
import { lifetimePromises } from './lifetime.ts';
import { memoryPromises } from './memory.ts';
import type { EnginePromise } from './promise.ts';
import { runningPromises } from './running.ts';
import type { ConformanceHost, ConformanceSubject } from './subject.ts';
import { type Cell, formatTable } from './table.ts';

const promises: readonly EnginePromise[] = [
  ...runningPromises,
  ...memoryPromises,
  ...diskPromises,
  ...lifetimePromises,
  ...confinementPromises,
];
const openMs = 240_000;

/**
 * Tries on each subject everything that the engine interface promises, and prints which of them keeps what, and what was
 * skipped and why. A test file calls it once.
 */
export function describeConformance(subjects: readonly ConformanceSubject[]): void {
  const results = new Map(subjects.map(({ name }) => [name, new Map<string, Cell>()]));
  for (const subject of subjects)
    describe(subject.name, () => tryPromises(subject, results.get(subject.name) ?? new Map()));
  afterAll(() => {
    console.log(
      `What the engines on this machine keep of what the interface promises:\n${formatTable(results)}`,
    );
  });
}

function tryPromises(subject: ConformanceSubject, cells: Map<string, Cell>): void {
  let host: ConformanceHost;
  if (subject.missing === undefined) {
    beforeAll(async () => {
      host = await subject.open();
    }, openMs);
    afterAll(async () => {
      for (const [name, is] of Object.entries(host.capabilities)) cells.set(name, is);
      await host[Symbol.asyncDispose]();
    });
  }
  for (const { name, needs, check } of promises) {
    const why = subject.missing ?? (needs && subject.lacks[needs]);
    cells.set(name, why === undefined ? 'not run' : `skipped (${why})`);
    it(name, async ({ skip }) => {
      if (why !== undefined) skip(why);
      cells.set(name, 'no');
      await withoutLeftovers(host, check);
      cells.set(name, 'ok');
    });
  }
}

/** Ends what a promise that was not kept left, so that the next ones are tried as if they were alone. */
async function withoutLeftovers(host: ConformanceHost, check: EnginePromise['check']): Promise<void> {
  await using started = new Cleanup();
  await check({
    ...host,
    async start(from, signal) {
      const running = await host.start(from, signal);
      await started.add('machine', () => running.end());
      return running;
    },
  });
}
