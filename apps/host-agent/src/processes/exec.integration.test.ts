import { readFileSync } from 'node:fs';
import { systemCode, WrennError } from '@wrenn/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ProcessEvent } from './events.ts';
import { exec } from './exec.ts';
import { type CapsuleOnThisMachine, startCapsuleOnThisMachine } from './testing/capsule-on-this-machine.ts';

let on: CapsuleOnThisMachine;
beforeAll(async () => {
  on = await startCapsuleOnThisMachine();
});
afterAll(() => on?.[Symbol.asyncDispose]());

/** A shell that prints the ID of its child and waits for it. */
function shellWithChild(signal: AbortSignal) {
  return exec(
    on.context,
    on.id,
    {
      ...{ cmd: 'sh', args: ['-c', 'sleep 1000 & echo $!; wait'], envs: {}, cwd: '', user: '' },
      ...{ timeoutSec: 0, stdin: new Uint8Array(), stdinAfter: 'end' },
    },
    signal,
  );
}

async function childOf(events: AsyncIterator<ProcessEvent, void>): Promise<number> {
  for (let next = await events.next(); next.done !== true; next = await events.next())
    if (next.value.kind === 'stdout') return Number(Buffer.from(next.value.data).toString());
  throw new Error('it printed nothing');
}

/** One that has ended may wait long for whoever adopted it. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT' || systemCode(thrown) === 'ESRCH') return false;
    throw thrown;
  }
}

describe('a command is ended with all that it has started', () => {
  it('when its reader leaves', async () => {
    const events = shellWithChild(new AbortController().signal);
    const child = await childOf(events);
    expect(isRunning(child)).toBe(true);
    await events.return();
    await expect.poll(() => isRunning(child)).toBe(false);
  });

  it('when it is stopped', async () => {
    const stop = new AbortController();
    const events = shellWithChild(stop.signal);
    const child = await childOf(events);
    stop.abort(new WrennError('cancelled', 'the client stopped the command'));
    await expect(events.next()).rejects.toMatchObject({ code: 'cancelled' });
    await expect.poll(() => isRunning(child)).toBe(false);
  });
});

it.each([
  ['1:2', '1:2'],
  ['3000000000', '3000000000:0'],
  ['3000000000:5000', '3000000000:5000'],
])('a command runs as the user %s', async (user, ids) => {
  const options = { cmd: 'sh', args: ['-c', 'echo $(id -u):$(id -g)'], envs: {}, cwd: '/', user };
  const input = { timeoutSec: 0, stdin: new Uint8Array(), stdinAfter: 'end' } as const;
  const said: Uint8Array[] = [];
  for await (const event of exec(on.context, on.id, { ...options, ...input }, AbortSignal.timeout(60_000)))
    if (event.kind === 'stdout') said.push(event.data);
  expect(Buffer.concat(said).toString()).toBe(`${ids}\n`);
});
