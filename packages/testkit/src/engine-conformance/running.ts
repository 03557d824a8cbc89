import { createHash } from 'node:crypto';
import { until } from '@wrenn/core';
import { expect } from 'vitest';
import { type EnginePromise, never } from './promise.ts';
import type { ConformingMachine } from './subject.ts';

const answerMs = 20_000;

export const runningPromises: readonly EnginePromise[] = [
  {
    name: 'a machine that is started from one that was booted and frozen runs',
    async check(host) {
      const { machine, end } = await host.start(host.template, never);
      expect(await machine.isRunning(never)).toBe(true);
      await end();
    },
  },
  {
    name: 'a machine that was told to stop does not run, and one that was told to go does',
    async check(host) {
      const { machine, end } = await host.start(host.template, never);
      await machine.stop(never);
      expect(await machine.isRunning(never)).toBe(false);
      await machine.go(never);
      expect(await machine.isRunning(never)).toBe(true);
      await end();
    },
  },
  {
    name: 'telling a machine to stop or to go twice does nothing',
    async check(host) {
      const { machine, end } = await host.start(host.template, never);
      await machine.go(never);
      expect(await machine.isRunning(never)).toBe(true);
      await machine.stop(never);
      await machine.stop(never);
      expect(await machine.isRunning(never)).toBe(false);
      await machine.go(never);
      await machine.go(never);
      expect(await machine.isRunning(never)).toBe(true);
      await end();
    },
  },
  {
    name: 'a guest that was stopped stands still, and goes on where it was',
    needs: 'guest',
    async check(host) {
      const { machine, guest, directory, end } = await host.start(host.template, never);
      await guest.startCounting();
      await machine.stop(never);
      await machine.saveState(`${directory}/standing`, never);
      // The program counts every few ms; each look takes far longer.
      const sum = await sumOfWritten(machine);
      for (let look = 0; look < 3; look++) expect(await sumOfWritten(machine)).toBe(sum);
      await machine.go(never);
      const count = await guest.count();
      const more = async () => ((await guest.count()) > count ? true : undefined);
      expect(await until(more, 20, AbortSignal.timeout(answerMs))).toBe(true);
      await end();
    },
  },
];

export async function sumOfWritten(machine: ConformingMachine): Promise<string> {
  const hash = createHash('sha256');
  for await (const { offset, bytes } of machine.writtenPages(never)) hash.update(`${offset} `).update(bytes);
  return hash.digest('hex');
}
