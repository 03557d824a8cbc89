import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { groupLimits, leafLimits, type MachineSize } from './limits.ts';

const mebibyte = 1024 * 1024;
const machines = fc.record({
  memoryBytes: fc.integer({ min: 128, max: 65_536 }).map((count) => count * mebibyte),
  threads: fc.integer({ min: 500, max: 32_768 }),
});

/** What one group is limited to. */
function limitOf(machine: MachineSize, path: string, file: string): number {
  return Number(groupLimits(machine).find((group) => group.path === path)?.limits[file]);
}

test('a machine of 512 MiB', () => {
  // As its kernel counts what it has not taken for itself at the start.
  const machine = { memoryBytes: 480_420 * 1024, threads: 3667 };
  expect(limitOf(machine, 'daemon', 'memory.min') / mebibyte).toBe(96);
  expect(Math.floor(limitOf(machine, 'users', 'memory.max') / mebibyte)).toBe(341);
  expect(limitOf(machine, 'users', 'pids.max')).toBe(1222);
  expect(leafLimits(machine)).toStrictEqual({ 'memory.max': '335374080', 'pids.max': '611' });
});

test.prop([machines])('what is kept for the daemon is never also for users', (machine) => {
  const users = limitOf(machine, 'users', 'memory.max');
  expect(users).toBeGreaterThan(machine.memoryBytes / 4);
  expect(users + limitOf(machine, 'daemon', 'memory.min')).toBeLessThan(machine.memoryBytes);
});

test.prop([machines])('one process can take neither all memory nor all process IDs of users', (machine) => {
  const leaf = leafLimits(machine);
  expect(Number(leaf['memory.max'])).toBeLessThan(limitOf(machine, 'users', 'memory.max'));
  expect(Number(leaf['pids.max']) * 2).toBeLessThanOrEqual(limitOf(machine, 'users', 'pids.max'));
  const placed = limitOf(machine, 'users', 'pids.max') + limitOf(machine, 'forwarders', 'pids.max');
  expect(placed).toBeLessThanOrEqual(machine.threads / 2);
});

test.prop([machines])('what is guaranteed to a group is guaranteed to the one above it', (machine) => {
  const below = limitOf(machine, 'daemon', 'memory.min') + limitOf(machine, 'forwarders', 'memory.min');
  expect(limitOf(machine, '.', 'memory.min')).toBeGreaterThanOrEqual(below);
});
