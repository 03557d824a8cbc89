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

/**
 * The least of a few times. A machine that is slow between the moment when the host says what time it is and the one
 * when the guest hears of it makes a clock go wrong once, and a guest that is wrong by itself always is.
 */
async function leastOffMs(offMs: () => Promise<number>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let time = 0; time < 5 && least >= mostOffMs; time++) least = Math.min(least, await offMs());
  return least;
}

/** By how much it is off at the most. */
async function clockOffMs(id: string): Promise<number> {
  const { aheadMs, uncertaintyMs } = await readGuestClock(await addressOf(id));
  return Math.abs(aheadMs) + uncertaintyMs;
}

const start = (id: string, program: string) =>
  sh(id, `setsid python3 -c '${program}' </dev/null >/dev/null 2>&1 &`);

it('a new capsule has the right time', { timeout: 300_000 }, async () => {
  const offMs = async () => {
    await using one = await capsule();
    await start(one.id, clockServer);
    return await clockOffMs(one.id);
  };
  expect(await leastOffMs(offMs)).toBeLessThan(mostOffMs);
});

it('a process finds the right time with its first look after a pause of an hour', {
  timeout: 300_000,
}, async () => {
  await using one = await capsule();
  const { capsules } = client();
  for (const program of [watcher, clockServer]) await start(one.id, program);
  await expect.poll(async () => (await stepsOf(one.id)).length).toBe(1);
  let known = 1;
  const offMs = async () => {
    // As a pause an hour ago would leave it.
    await sh(one.id, 'date --set "1 hour ago" >/dev/null');
    await expect.poll(async () => (await stepsOf(one.id)).length).toBe(known + 1);
    await capsules.pause(one.id);
    const { isolation } = await capsules.resume(one.id);
    const off = await clockOffMs(one.id);
    // The clock has not been set since that look, so that what is true now was true then.
    const steps = await stepsOf(one.id);
    expect(steps).toHaveLength(known + 2);
    known = steps.length;
    const { byMs = 0, stillMs } = steps.at(-1) ?? {};
    // Nor did it look between the restore and the step, which lie this far apart where a machine is emulated.
    if (isolation === 'emulated') expect(stillMs).toBeGreaterThan(50);
    return Math.max(off, 3_600_000 - byMs);
  };
  expect(await leastOffMs(offMs)).toBeLessThan(mostOffMs);
});
