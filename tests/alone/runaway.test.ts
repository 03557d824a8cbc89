import { afterAll, describe, expect, it } from 'vitest';
import { client } from '../support/client.ts';
import { lookAt, roundsAtWorst, runaways } from '../support/runaways.ts';

/** Where a runaway starves a guest, it answers after minutes or never. How fast it does is what `bench runaway` measures. */
const answerWithinMs = 20_000;

/** Asks the guest itself, then runs a command through the API. */
async function ask(id: string, health: string, file: string): Promise<string> {
  const limit = () => ({ signal: AbortSignal.timeout(answerWithinMs) });
  const alive = await fetch(health, { ...limit(), headers: { connection: 'close' } });
  expect(alive.status).toBe(200);
  const { stdout, exitCode } = await client().capsules.exec(id, lookAt(file), limit());
  expect(exitCode).toBe(0);
  return stdout;
}

/** The first command of a new capsule finds none of its code in the emulator. */
async function warmCapsule(): Promise<{ readonly id: string; readonly health: string }> {
  const { id, hostIp } = await client().capsules.create();
  await client().capsules.exec(id, { cmd: 'true' });
  return { id, health: `http://${hostIp}:49983/health` };
}

describe.each(runaways)('with $what', ({ command, file, saysWorst }) => {
  const ids: string[] = [];
  // The program still runs then: a capsule ends whatever goes on in it.
  afterAll(async () => {
    for (const id of ids) await client().capsules.destroy(id);
  });

  it('the guest and a new command answer, before and after it has taken all', async () => {
    const { id, health } = await warmCapsule();
    ids.push(id);
    const stop = new AbortController();
    const running = client().capsules.exec(id, { ...command, timeoutSec: 300 }, { signal: stop.signal });
    const ended = running.then(
      (result) => `it ended: ${JSON.stringify(result)}`,
      () => undefined,
    );
    for (let worst = 0; worst < roundsAtWorst; ) if (saysWorst(await ask(id, health, file))) worst += 1;
    stop.abort();
    expect(await ended).toBeUndefined();
  });
});

it('when the time of a fork bomb is over, all of it is gone, with sessions of its own too', async () => {
  const bomb = `import os
while True:
    try:
        if os.fork() == 0: os.setsid()
    except OSError: pass`;
  const { id, health } = await warmCapsule();
  const count = async () => Number(await ask(id, health, 'pids.current'));
  /** Whether it was seen at its work before its time was over. */
  const explode = async (timeoutSec: number): Promise<boolean> => {
    const running = client().capsules.exec(id, { cmd: 'python3', args: ['-c', bomb], timeoutSec });
    let isOver = false;
    const over = running.finally(() => {
      isOver = true;
    });
    let most = 0;
    while (!isOver && most <= 50) most = await count();
    expect(await over).toMatchObject({ outcome: 'timed_out', exitCode: 124 });
    return most > 50;
  };
  try {
    const wasSeen = (await explode(20)) || (await explode(60));
    expect(wasSeen).toBe(true);
    // The cat that asks.
    await expect.poll(count).toBe(1);
  } finally {
    await client().capsules.destroy(id);
  }
  expect(await client().capsules.get(id)).toMatchObject({ status: 'stopped' });
});
