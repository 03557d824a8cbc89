import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { type Demand, usable } from './capacity.ts';
import { type Candidate, chooseHost, roomFor } from './placement.ts';

const host = fc.record({
  cpuCores: fc.integer({ min: 0, max: 256 }),
  memoryMb: fc.integer({ min: 0, max: 2_000_000 }),
  diskGb: fc.integer({ min: 0, max: 100_000 }),
  reserved: fc.record({ vcpus: fc.nat(1000), memoryMb: fc.nat(500_000), diskMb: fc.nat(5_000_000) }),
});
const demand = fc.record({
  vcpus: fc.integer({ min: 1, max: 8 }),
  memoryMb: fc.integer({ min: 128, max: 8192 }),
  diskMb: fc.constant(5120),
});

function fits(candidate: Candidate, wanted: Demand): boolean {
  const total = usable(candidate);
  return (['vcpus', 'memoryMb', 'diskMb'] as const).every(
    (resource) => candidate.reserved[resource] + wanted[resource] <= total[resource],
  );
}

test.prop([fc.array(host), demand])(
  'a host is chosen if and only if one fits, and the chosen one does',
  (hosts, wanted) => {
    const chosen = chooseHost(hosts, wanted);
    expect(chosen !== undefined).toBe(hosts.some((candidate) => fits(candidate, wanted)));
    if (chosen !== undefined) expect(fits(chosen, wanted)).toBe(true);
  },
);

test.prop([host, demand])('of two hosts that are alike, the emptier one is chosen', (candidate, wanted) => {
  const empty = { ...candidate, reserved: { vcpus: 0, memoryMb: 0, diskMb: 0 } };
  const fuller = {
    ...candidate,
    reserved: { ...candidate.reserved, memoryMb: candidate.reserved.memoryMb + 1, vcpus: 1, diskMb: 1 },
  };
  const chosen = chooseHost([fuller, empty], wanted);
  if (chosen !== undefined) expect(chosen).toBe(empty);
});

test.prop([host, demand])('the room that is counted fits, and one more would not', (candidate, wanted) => {
  const room = roomFor(candidate, wanted);
  const times = (count: number): Demand => ({
    vcpus: wanted.vcpus * count,
    memoryMb: wanted.memoryMb * count,
    diskMb: wanted.diskMb * count,
  });
  if (room > 0) expect(fits(candidate, times(room))).toBe(true);
  expect(fits(candidate, times(room + 1))).toBe(false);
});

test('memory is never promised twice, and some is left to the host', () => {
  expect(usable({ cpuCores: 2, memoryMb: 8192, diskGb: 100 }).memoryMb).toBe(7168);
  expect(usable({ cpuCores: 64, memoryMb: 262_144, diskGb: 4000 }).memoryMb).toBe(253_952);
});
