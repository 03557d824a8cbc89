import { expect, it } from 'vitest';
import { Exchanges } from './exchanges.ts';

it('only what begins, moves or ends is a use: an open connection is none', () => {
  const exchanges = new Exchanges();
  expect(exchanges.takeUse()).toBe(false);
  let bytes = 0;
  const exchange = exchanges.add({ bytes: () => bytes, reset: () => undefined });
  expect(exchanges.takeUse()).toBe(true);
  expect(exchanges.takeUse()).toBe(false);
  bytes += 1;
  expect(exchanges.takeUse()).toBe(true);
  expect(exchanges.takeUse()).toBe(false);
  exchange[Symbol.dispose]();
  expect(exchanges.takeUse()).toBe(true);
  expect(exchanges.takeUse()).toBe(false);
});
