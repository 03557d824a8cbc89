import { expect, test, vi } from 'vitest';
import { Gate } from './gate.ts';

/** Work that ends when it is told to. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve, fail: reject };
}

test('no more run at once than may, and the others follow in their order', async () => {
  const gate = new Gate(2, 10);
  const order: number[] = [];
  const pieces = [held(), held(), held(), held()];
  const all = pieces.map((piece, index) =>
    gate.run(async () => {
      order.push(index);
      await piece.work();
    }),
  );
  await vi.waitFor(() => expect(order).toEqual([0, 1]));
  pieces[1]?.end();
  await all[1];
  pieces[0]?.end();
  await all[0];
  await vi.waitFor(() => expect(order).toEqual([0, 1, 2, 3]));
  pieces[2]?.end();
  pieces[3]?.end();
  await Promise.all(all);
});

test('work that fails makes room for the next', async () => {
  const gate = new Gate(1, 1);
  const piece = held();
  const failing = gate.run(piece.work);
  const next = gate.run(async () => 'done');
  piece.fail(new Error('no'));
  await expect(failing).rejects.toThrow('no');
  await expect(next).resolves.toBe('done');
});

test('one that finds no place to wait is told to come back', async () => {
  const gate = new Gate(1, 1);
  const piece = held();
  const running = [gate.run(piece.work), gate.run(piece.work)];
  await expect(gate.run(piece.work)).rejects.toMatchObject({ code: 'rate_limited', retryAfterSec: 5 });
  piece.end();
  await Promise.all(running);
});
