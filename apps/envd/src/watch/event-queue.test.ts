import { expect, test } from 'vitest';
import { EventBudget, EventQueue } from './event-queue.ts';

const fill = (queue: EventQueue<number>, count: number) => {
  for (let index = 0; index < count; index++) queue.push(index);
};

test('events come out in their order, as many at a time as are asked for', async () => {
  const queue = new EventQueue<number>(new EventBudget(), 'name');
  fill(queue, 5);
  expect(await queue.readableWithin(60_000)).toBe(true);
  expect(queue.take(2)).toEqual([0, 1]);
  expect(queue.take(10)).toEqual([2, 3, 4]);
  expect(await queue.readableWithin(1)).toBe(false);
});

test('a reader that waits is woken by an event, a fault and the close', async () => {
  for (const wake of ['push', 'fail', 'close'] as const) {
    const queue = new EventQueue<number>(new EventBudget(), 'name');
    const readable = queue.readableWithin(60_000);
    if (wake === 'push') queue.push(1);
    else if (wake === 'close') queue.close();
    else queue.fail(expect.anything());
    expect(await readable).toBe(true);
  }
});

test('too many events are told once, after those that fit, and then it goes on', () => {
  const queue = new EventQueue<number>(new EventBudget(), 'name');
  fill(queue, 20_000);
  expect(queue.take(20_000)).toHaveLength(16_384);
  queue.push(1);
  expect(queue.takeFault()).toMatchObject({ code: 'rate_limited' });
  expect(queue.takeFault()).toBeUndefined();
  queue.push(2);
  expect(queue.take(10)).toEqual([2]);
});

test('many queues together hold a bounded number, and a closed one gives its part back', () => {
  const budget = new EventBudget();
  const queues = Array.from({ length: 5 }, () => new EventQueue<number>(budget, 'name'));
  for (const queue of queues) fill(queue, 16_384);
  expect(budget.left).toBe(0);
  expect(queues.at(-1)?.takeFault()).toMatchObject({ code: 'rate_limited' });
  queues[0]?.close();
  expect(budget.left).toBe(16_384);
  queues[0]?.push(1);
  expect(queues[0]?.take(1)).toEqual([]);
});

test('of events that carry an entry fewer wait', () => {
  const queue = new EventQueue<number>(new EventBudget(), 'entry');
  fill(queue, 20_000);
  expect(queue.take(20_000)).toHaveLength(4096);
});
