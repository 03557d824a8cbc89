import { expect, test } from 'vitest';
import { inSlices, type Steps } from './in-slices.ts';

const myself = { name: 'me', uid: process.geteuid?.() ?? 0, gid: 0, groups: [], home: '/' };
const never = new AbortController().signal;

/** Passes `turns` turns of the event loop. */
function* busy(turns: number, released: string[] = []): Steps<string> {
  let passed = 0;
  const count = () => {
    passed += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  try {
    while (passed < turns) yield;
    return 'done';
  } finally {
    clearImmediate(next);
    released.push('released');
  }
}

test('the result is that of the steps, and the event loop turns in between', async () => {
  expect(await inSlices(myself, busy(3), never)).toBe('done');
});

test('what a step yields is waited for', async () => {
  let settled = false;
  function* steps(): Steps<boolean> {
    yield new Promise<void>((resolve) => {
      setImmediate(() => {
        settled = true;
        resolve();
      });
    });
    return settled;
  }
  expect(await inSlices(myself, steps(), never)).toBe(true);
});

test('an abort ends the steps, which release what they hold, with its reason', async () => {
  const released: string[] = [];
  const controller = new AbortController();
  const reason = new Error('the client has gone');
  setImmediate(() => controller.abort(reason));
  await expect(inSlices(myself, busy(Number.POSITIVE_INFINITY, released), controller.signal)).rejects.toBe(
    reason,
  );
  expect(released).toStrictEqual(['released']);
});

test('a fault of what is waited for ends the steps too', async () => {
  const released: string[] = [];
  function* steps(): Steps<void> {
    try {
      yield Promise.reject(new Error('no'));
    } finally {
      released.push('released');
    }
  }
  await expect(inSlices(myself, steps(), never)).rejects.toThrow('no');
  expect(released).toStrictEqual(['released']);
});
