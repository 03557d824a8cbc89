import { expect, it } from 'vitest';
import { capsule, client } from '../support/client.ts';
import { addressOf } from '../support/guest.ts';
import { clockServer, readGuestClock } from '../support/guest-clock.ts';
import { sh } from '../support/shell.ts';

const mostOffMs = 50;

/**
 * Reads both clocks without end, and writes a line for each time that they went apart: by how many nanoseconds, how
 * many by the monotonic clock lie between the last reading before and the first one after, and what that one was.
 */
const watcher = `import time
offset = 0
last = time.monotonic_ns()
with open("/dev/shm/steps", "w", buffering=1) as steps:
    while True:
        monotonic = time.monotonic_ns(); wall = time.time_ns(); took = time.monotonic_ns() - monotonic
        if took < 5_000_000 and abs(wall - monotonic - offset) > 10_000_000:
            steps.write(f"{wall - monotonic - offset} {monotonic - last} {wall}\\n")
            offset = wall - monotonic
        last = monotonic
`;

interface Step {
  readonly byMs: number;
  /** How long the watcher stood still around it, as the guest knows. */
  readonly stillMs: number;
  readonly wallMs: number;
}

async function stepsOf(id: string): Promise<Step[]> {
  const lines = (await sh(id, 'cat /dev/shm/steps')).trim().split('\n');
  return lines.map((line) => {
    const [by = 0, still = 0, wall = 0] = line.split(' ').map(Number);
    return { byMs: by / 1e6, stillMs: still / 1e6, wallMs: wall / 1e6 };
  });
}

it('a process finds the right time with its first look after a pause of an hour', async () => {
  await using one = await capsule();
  const { capsules } = client();
  for (const program of [watcher, clockServer]) {
    await sh(one.id, `setsid python3 -c '${program}' </dev/null >/dev/null 2>&1 &`);
  }
  expect(Math.abs((await readGuestClock(await addressOf(one.id))).aheadMs)).toBeLessThan(mostOffMs);
  // As a pause an hour ago would leave it.
  await sh(one.id, 'date --set "1 hour ago" >/dev/null');
  await expect.poll(async () => (await stepsOf(one.id)).length, { timeout: 30_000 }).toBe(2);
  await capsules.pause(one.id);
  const { isolation } = await capsules.resume(one.id);
  const after = await readGuestClock(await addressOf(one.id));
  expect(after.uncertaintyMs).toBeLessThan(5);
  expect(Math.abs(after.aheadMs)).toBeLessThan(mostOffMs - after.uncertaintyMs);
  // The clock has not been set since that look, so that what is true now was true then.
  const steps = await stepsOf(one.id);
  expect(steps).toHaveLength(3);
  expect(steps[2]?.byMs).toBeGreaterThan(3_600_000 - mostOffMs);
  // Nor did it look between the restore and the step, which lie this far apart where a machine is emulated.
  if (isolation === 'emulated') expect(steps[2]?.stillMs).toBeGreaterThan(50);
});
