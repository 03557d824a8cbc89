import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CpuShare, cpuShareFile } from './cpu-share.ts';

const log = createLogger('test', 'silent');
let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-share-'));
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(async () => {
  vi.useRealTimers();
  await rm(directory, { recursive: true, force: true });
});

it.each([
  { version: 1, name: 'cpu.shares', usual: '1024', typed: '8192' },
  { version: 2, name: 'cpu.weight', usual: '100', typed: '800' },
] as const)(
  'is larger while somebody types, and a second after, in cgroups v$version',
  async ({ version, ...file }) => {
    const path = join(directory, file.name);
    await writeFile(path, '');
    const share = new CpuShare(cpuShareFile(version, directory), log);
    // A file of the kernel's has nothing of what was written before; this one keeps the rest of a longer line.
    const shown = () =>
      expect.poll(async () => (await readFile(path, 'utf8')).split('\n')[0], { interval: 1 });
    share.typed();
    await shown().toBe(file.typed);
    vi.advanceTimersByTime(900);
    share.typed();
    vi.advanceTimersByTime(900);
    await shown().toBe(file.typed);
    vi.advanceTimersByTime(100);
    await shown().toBe(file.usual);
  },
);

it('of a machine that has ended is nobody’s', async () => {
  const warned = vi.spyOn(log, 'warn');
  new CpuShare(cpuShareFile(2, join(directory, 'gone')), log).typed();
  await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
  expect(warned).not.toHaveBeenCalled();
});
