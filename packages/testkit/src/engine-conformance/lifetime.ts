import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { processesNaming } from '../processes.ts';
import { capture, captureAndEnd } from './capture.ts';
import { type EnginePromise, never } from './promise.ts';
import type { ConformanceHost, StartPoint } from './subject.ts';

export const lifetimePromises: readonly EnginePromise[] = [
  {
    name: 'a machine survives its agent, and can do everything when it was found again',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.put('first', 'before');
      await first.letGo();
      const found = await host.adopt(first.machine.record);
      if (found === undefined) throw new Error('the machine was not found again');
      expect(await found.isRunning(never)).toBe(true);
      await first.guest.put('second', 'after');
      const point = await capture(host, first, found);
      await found.kill();
      await found.exited;
      await first.end();
      const { guest, end } = await host.start(point, never);
      expect(await guest.get('first')).toBe('before');
      expect(await guest.get('second')).toBe('after');
      await end();
    },
  },
  {
    name: 'a record whose process is another one finds nothing, and neither does that of a machine that ended',
    async check(host) {
      const { machine, end } = await host.start(host.template, never);
      const { record } = machine;
      expect(await host.adopt({ ...record, startTicks: record.startTicks + 1 })).toBeUndefined();
      expect(await machine.isRunning(never)).toBe(true);
      await machine.kill();
      expect(await host.adopt(record)).toBeUndefined();
      await end();
    },
  },
  {
    name: 'the end of a machine is told when it was killed; killing it again does nothing',
    async check(host) {
      const { machine, end } = await host.start(host.template, never);
      await machine.kill();
      await machine.exited;
      await machine.kill();
      await end();
    },
  },
  {
    name: 'the end of a machine is told when its process died by itself',
    async check(host) {
      const { machine, end } = await host.start(host.template, never);
      process.kill(machine.record.pid, 'SIGKILL');
      await machine.exited;
      await expect(machine.stop(never)).rejects.toThrow();
      await machine.kill();
      await end();
      expect(await processesNaming(host.directory)).toEqual([]);
    },
  },
  {
    name: 'a start from memory that is not there fails, and leaves no process',
    async check(host) {
      const { snapshot } = host.template;
      const memory = { ...snapshot.memory, base: join(host.directory, 'no-such-memory') };
      await refused(host, { ...host.template, snapshot: { ...snapshot, memory } });
    },
  },
  {
    name: 'a start from device state that was damaged fails, and leaves no process',
    async check(host) {
      const deviceState = join(host.directory, 'damaged-state');
      await writeFile(deviceState, 'this is no device state', { mode: 0o644 });
      await refused(host, { ...host.template, snapshot: { ...host.template.snapshot, deviceState } });
    },
  },
  {
    name: 'a start that is called off leaves no process, and the snapshot as it was',
    async check(host) {
      const first = await host.start(host.template, never);
      await first.guest.fill();
      const sum = await first.guest.sum();
      const point = await captureAndEnd(host, first);
      await expect(host.start(point, AbortSignal.abort(new Error('called off')))).rejects.toThrow();
      for (const afterMs of [0, 20, 60]) {
        // Where it was quicker than that there is a machine, which is whole.
        const machine = await host.start(point, AbortSignal.timeout(afterMs)).catch(() => undefined);
        await machine?.end();
        expect(await processesNaming(host.directory)).toEqual([]);
      }
      const { guest, end } = await host.start(point, never);
      expect(await guest.sum()).toBe(sum);
      await end();
    },
  },
];

async function refused(host: ConformanceHost, from: StartPoint): Promise<void> {
  await expect(host.start(from, never)).rejects.toMatchObject({ code: 'agent_error' });
  expect(await processesNaming(host.directory)).toEqual([]);
}
