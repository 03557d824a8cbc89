import { expect, test } from 'vitest';
import { Bell } from './bell.ts';

const never = 2 ** 30;

test('a ring ends a wait, and one before the wait counts', async () => {
  const bell = new Bell();
  const waiting = bell.wait(never, new AbortController().signal);
  bell.ring();
  await waiting;
  bell.ring();
  bell.ring();
  await bell.wait(never, new AbortController().signal);
});

test('an abort ends a wait, and time does', async () => {
  const bell = new Bell();
  const stop = new AbortController();
  const waiting = bell.wait(never, stop.signal);
  stop.abort();
  await waiting;
  await bell.wait(never, stop.signal);
  await expect(bell.wait(1, new AbortController().signal)).resolves.toBeUndefined();
});
