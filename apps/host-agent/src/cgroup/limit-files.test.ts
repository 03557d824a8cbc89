import { describe, expect, it } from 'vitest';
import { limitFiles } from './limit-files.ts';

const limits = { cpus: 1.5, memoryBytes: 1_073_741_824, pids: 64 };
const writes = (version: 1 | 2, controller: 'cpu' | 'memory' | 'pids') =>
  limitFiles(version, controller, limits).map(({ file, value }) => `${file}=${value}`);

describe('limitFiles', () => {
  it('gives CPUs as time in each period', () => {
    expect(writes(2, 'cpu')).toEqual(['cpu.max=150000 100000']);
    expect(writes(1, 'cpu')).toEqual(['cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=150000']);
  });

  it('never asks for less time than the kernel accepts', () => {
    expect(limitFiles(2, 'cpu', { ...limits, cpus: 0.001 })[0]?.value).toBe('1000 100000');
  });

  it('gives no swap on top of memory', () => {
    expect(writes(2, 'memory')).toEqual(['memory.max=1073741824', 'memory.swap.max=0']);
    expect(writes(1, 'memory')).toEqual([
      'memory.limit_in_bytes=1073741824',
      'memory.memsw.limit_in_bytes=1073741824',
    ]);
  });

  it('bounds processes', () => {
    expect(writes(1, 'pids')).toEqual(['pids.max=64']);
    expect(writes(2, 'pids')).toEqual(['pids.max=64']);
  });
});
