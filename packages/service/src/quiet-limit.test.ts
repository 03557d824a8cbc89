import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { QuietLimit } from './quiet-limit.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('lets work go on for as long as it is heard of', () => {
  const onQuiet = vi.fn();
  using limit = new QuietLimit(1_000, onQuiet);
  for (let step = 0; step < 10; step++) {
    vi.advanceTimersByTime(900);
    limit.heard();
  }
  expect(onQuiet).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1_000);
  expect(onQuiet).toHaveBeenCalledTimes(1);
});

it('tells once, and never after its end', () => {
  const onQuiet = vi.fn();
  const over = new QuietLimit(1_000, onQuiet);
  over[Symbol.dispose]();
  over.heard();
  vi.advanceTimersByTime(5_000);
  expect(onQuiet).not.toHaveBeenCalled();
  using quiet = new QuietLimit(1_000, onQuiet);
  vi.advanceTimersByTime(1_000);
  quiet.heard();
  vi.advanceTimersByTime(5_000);
  expect(onQuiet).toHaveBeenCalledTimes(1);
});
