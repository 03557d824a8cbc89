import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CpuShare, cpuShareFile } from './cpu-share.ts';

const log = createLogger('test', 'silent');
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wrenn-share-'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true, force: true });
});

it.each([
  { version: 1, name: 'cpu.shares', usual: '1024', typed: '8192' },
  { version: 2, name: 'cpu.weight', usual: '100', typed: '800' },
] as const)(
  'is larger while somebody types, and a second after, in cgroups v$version',
  ({ version, ...file }) => {
    const path = join(directory, file.name);
    const share = new CpuShare(cpuShareFile(version, directory), log);
    /** A file of the kernel's has nothing of what was written before. */
    const after = (act: () => void) => {
      writeFileSync(path, '');
      act();
      return readFileSync(path, 'utf8');
    };
    expect(after(() => share.typed())).toBe(file.typed);
    expect(after(() => vi.advanceTimersByTime(900))).toBe('');
    share.typed();
    expect(after(() => vi.advanceTimersByTime(900))).toBe('');
    expect(after(() => vi.advanceTimersByTime(100))).toBe(file.usual);
    expect(after(() => share.typed())).toBe(file.typed);
    expect(after(() => share.reset())).toBe(file.usual);
  },
);

it('of a machine that has ended is nobody’s', () => {
  const warned = vi.spyOn(log, 'warn');
  new CpuShare(cpuShareFile(2, join(directory, 'gone')), log).typed();
  expect(warned).not.toHaveBeenCalled();
});
