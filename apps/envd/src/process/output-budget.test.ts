import { expect, test } from 'vitest';
import { OutputBudget } from './output-budget.ts';
import { frameBytes, OutputLog, windowBytes } from './output-log.ts';

const limitBytes = 32 * 1024 * 1024;
const minimumBytes = 64 * 1024;

function fill(log: OutputLog, bytes = 2 * windowBytes): OutputLog {
  for (let left = bytes; left > 0; left -= frameBytes.stdout) {
    log.push('stdout', Buffer.alloc(frameBytes.stdout));
  }
  return log;
}

test('many processes keep no more than the limit together, the most that was written last', () => {
  const budget = new OutputBudget();
  const logs = Array.from({ length: 60 }, () => fill(new OutputLog(budget)));
  expect(budget.keptBytes).toBeLessThan(limitBytes + 2 * windowBytes);
  expect(budget.keptBytes).toBe(logs.reduce((sum, log) => sum + log.keptBytes, 0));
  for (const log of logs) expect(log.keptBytes).toBeGreaterThan(minimumBytes / 2);
});

test('what ended processes wrote goes first, that of the longest ended before others', () => {
  const budget = new OutputBudget();
  const running = fill(new OutputLog(budget));
  const ended = Array.from({ length: 40 }, () => {
    const log = fill(new OutputLog(budget));
    log.end();
    return log;
  });
  expect(ended[0]?.keptBytes).toBe(0);
  expect(ended.at(-1)?.keptBytes).toBeGreaterThan(windowBytes / 2);
  expect(running.keptBytes).toBeGreaterThan(windowBytes / 2);
});

test('what a reader waits for is never taken from it', () => {
  const budget = new OutputBudget();
  const log = new OutputLog(budget);
  const reader = log.read();
  while (!log.isHoldingUp) fill(log, frameBytes.stdout);
  for (let count = 0; count < 60; count++) fill(new OutputLog(budget));
  log.end();
  for (let count = 0; count < 60; count++) fill(new OutputLog(budget));
  let number = 0;
  for (let taken = reader.take(); taken !== undefined; taken = reader.take()) {
    number += 1;
    expect(taken).toMatchObject({ kind: 'frame', number });
  }
  expect(number).toBe(log.nextNumber - 1);
});

test('less may wait for readers while the limit is passed', () => {
  const budget = new OutputBudget();
  const logs = Array.from({ length: 200 }, () => new OutputLog(budget));
  for (const log of logs) {
    log.read();
    while (!log.isHoldingUp) fill(log, frameBytes.stdout);
  }
  expect(budget.keptBytes).toBeLessThan(limitBytes + 200 * (minimumBytes + 2 * frameBytes.stdout));
});

test('what is forgotten is given back', () => {
  const budget = new OutputBudget();
  const log = fill(new OutputLog(budget));
  log.end();
  log.forget();
  expect(budget.keptBytes).toBe(0);
});
