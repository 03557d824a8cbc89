import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { watchEndingSignal } from './ending-signal.ts';

async function endOf(script: string): Promise<{ code: unknown; signal: number }> {
  const child = spawn('bash', ['-c', script], { stdio: 'ignore' });
  const endingSignal = watchEndingSignal(child.pid ?? 0);
  let signal = -1;
  child.once('exit', () => {
    signal = endingSignal();
  });
  const [code] = await once(child, 'exit');
  return { code, signal };
}

test.each([34, 50, 64])('real-time signal %i is seen, which Node takes for success', async (signal) => {
  expect(await endOf(`kill -${signal} $$`)).toStrictEqual({ code: 0, signal });
});

test('a signal with a name is seen too', async () => {
  expect((await endOf('kill -KILL $$')).signal).toBe(constants.signals.SIGKILL);
});

test.each([0, 3, 162])('exit code %i is no signal', async (code) => {
  expect(await endOf(`exit ${code}`)).toStrictEqual({ code, signal: 0 });
});

test('many at once are kept apart', async () => {
  const signals = Array.from({ length: 30 }, (_, index) => 35 + index);
  const ends = await Promise.all(signals.map((signal) => endOf(`kill -${signal} $$`)));
  expect(ends.map(({ signal }) => signal)).toStrictEqual(signals);
});

test('a process that was not started just now is not mistaken', async () => {
  const child = spawn('true', { stdio: 'ignore' });
  const endingSignal = watchEndingSignal(process.pid);
  await once(child, 'exit');
  expect(endingSignal()).toBe(0);
});
