import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import { type EnginePromise, never } from './promise.ts';

const execute = promisify(execFile);

export const confinementPromises: readonly EnginePromise[] = [
  {
    name: 'a VMM runs as the user of its slot, with no capability and no way to gain one',
    async check(host) {
      const { machine, slot, end } = await host.start(host.template, never);
      const status = await readFile(`/proc/${machine.record.pid}/status`, 'utf8');
      const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1]?.split(/\s+/);
      expect(field('Uid')).toEqual(Array(4).fill(String(slot.uid)));
      expect(field('Gid')).toEqual(Array(4).fill(String(slot.gid)));
      for (const set of ['CapEff', 'CapPrm', 'CapInh', 'CapAmb'])
        expect(field(set), set).toEqual(['0000000000000000']);
      expect(field('NoNewPrivs')).toEqual(['1']);
      await end();
    },
  },
  {
    name: 'a VMM is in the network namespace of its slot, and in its cgroup',
    async check(host) {
      const { machine, slot, procsFiles, end } = await host.start(host.template, never);
      const { ino } = await stat(`/proc/${machine.record.pid}/ns/net`);
      expect(ino).toBe((await stat(`/run/netns/${slot.namespace}`)).ino);
      for (const file of procsFiles) {
        const members = (await readFile(file, 'utf8')).trim().split('\n');
        expect(members, file).toContain(String(machine.record.pid));
      }
      await end();
    },
  },
  {
    name: "a machine's user cannot look into the directory of another, nor command it",
    async check(host) {
      const [one, other] = [await host.start(host.template, never), await host.start(host.template, never)];
      const { uid, gid } = one.slot;
      const asUser = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--'];
      const tries = (...command: string[]) => execute('setpriv', [...asUser, ...command]);
      await tries('test', '-w', one.directory);
      await expect(tries('ls', other.directory)).rejects.toThrow();
      await expect(tries('test', '-w', other.directory)).rejects.toThrow();
      await expect(tries('test', '-w', other.machine.record.controlSocket)).rejects.toThrow();
      await one.end();
      await other.end();
    },
  },
];
