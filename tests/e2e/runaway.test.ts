import type { ExecOptions } from '@wrenn/sdk';
import { afterAll, describe, expect, it } from 'vitest';
import { client } from '../support/client.ts';

/** What is promised, whatever a program in the capsule does: SPECIFICATION.md. */
const answerWithinMs = 2_000;
/** How often it is tried once the program has taken all that it can get. */
const roundsAtWorst = 5;

const groups = '/sys/fs/cgroup/wrenn/users';

interface Runaway {
  readonly what: string;
  readonly command: ExecOptions;
  /** Prints something once it has taken all that it can get. */
  readonly sign: string;
}

const memoryHog = `python3 -c 'taken = []
while True: taken.append(bytearray(1 << 20))'`;
const runaways: readonly Runaway[] = [
  {
    what: 'a fork bomb of a shell',
    command: { cmd: 'bash', args: ['-c', ':(){ :|:& };:; sleep 600'] },
    sign: `grep -h 'max [1-9]' ${groups}/commands/*/pids.events`,
  },
  {
    what: 'hogs that take all memory, again and again',
    command: { cmd: 'sh', args: ['-c', `for i in 1 2 3; do while :; do ${memoryHog}; done & done; wait`] },
    sign: `grep 'oom_kill [3-9]' ${groups}/memory.events`,
  },
  {
    what: 'files that fill what is kept in memory',
    command: {
      cmd: 'sh',
      args: ['-c', 'cat /dev/zero >/dev/shm/all; cat /dev/zero >/tmp/all; touch /dev/shm/full; sleep 600'],
    },
    sign: 'ls /dev/shm | grep full',
  },
  {
    what: 'endless loops',
    command: { cmd: 'sh', args: ['-c', 'for i in $(seq 50); do while :; do :; done & done; wait'] },
    sign: `grep -h '^5[0-9]' ${groups}/commands/*/pids.current`,
  },
];

/** Asks the guest itself, and runs a command through the API; throws when either takes longer than is promised. */
async function ask(id: string, health: string, script: string): Promise<string> {
  const [alive, { stdout, exitCode }] = await Promise.all([
    fetch(health, { signal: AbortSignal.timeout(answerWithinMs), headers: { connection: 'close' } }),
    client().capsules.exec(
      id,
      { cmd: 'sh', args: ['-c', `${script}; true`] },
      { signal: AbortSignal.timeout(answerWithinMs) },
    ),
  ]);
  expect(alive.status).toBe(200);
  expect(exitCode).toBe(0);
  return stdout;
}

describe.each(runaways)('with $what', ({ command, sign }) => {
  const ids: string[] = [];
  // The program still runs then: a capsule ends whatever goes on in it.
  afterAll(async () => {
    for (const id of ids) await client().capsules.destroy(id);
  });

  it('the guest and a new command answer in time, before and after it has taken all', async () => {
    const { id, hostIp } = await client().capsules.create();
    ids.push(id);
    const health = `http://${hostIp}:49983/health`;
    const stop = new AbortController();
    const running = client().capsules.exec(id, { ...command, timeoutSec: 300 }, { signal: stop.signal });
    const ended = running.then(
      (result) => `it ended: ${JSON.stringify(result)}`,
      () => undefined,
    );
    for (let worst = 0; worst < roundsAtWorst; ) if ((await ask(id, health, sign)) !== '') worst += 1;
    stop.abort();
    expect(await ended).toBeUndefined();
  });
});

it('when the time of a fork bomb is over, all of it is gone, with sessions of its own too', async () => {
  const { id, hostIp } = await client().capsules.create();
  const bomb = `import os
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass`;
  try {
    const running = client().capsules.exec(id, { cmd: 'python3', args: ['-c', bomb], timeoutSec: 10 });
    const count = () => ask(id, `http://${hostIp}:49983/health`, `cat ${groups}/pids.current`);
    await expect.poll(async () => Number(await count()), { timeout: 30_000 }).toBeGreaterThan(50);
    expect(await running).toMatchObject({ outcome: 'timed_out', exitCode: 124 });
    // The shell that asks, and its cat.
    await expect.poll(async () => Number(await count()), { timeout: 60_000 }).toBeLessThanOrEqual(2);
  } finally {
    await client().capsules.destroy(id);
  }
  expect(await client().capsules.get(id)).toMatchObject({ status: 'stopped' });
});
