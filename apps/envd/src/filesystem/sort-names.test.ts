import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { toByteName } from './directory.ts';
import type { Steps } from './in-slices.ts';
import { sortNames } from './sort-names.ts';

function run<T>(steps: Steps<T>): { readonly value: T; readonly count: number } {
  for (let count = 0; ; count += 1) {
    const { done, value } = steps.next();
    if (done) return { value, count };
  }
}

test.prop([fc.array(fc.string({ unit: 'binary' }))])('names are sorted by their bytes', (texts) => {
  const names = texts.map(toByteName);
  const byBytes = names.toSorted((a, b) =>
    Buffer.compare(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
  );
  expect(run(sortNames(names)).value).toStrictEqual(byBytes);
});

test.each([0, 1, 999, 1000, 1001, 2000, 5001, 12_345])('%i names are sorted, in steps', (length) => {
  const names = Array.from({ length }, (_, index) => String((index * 7919) % length).padStart(6, '0'));
  const { value, count } = run(sortNames(names));
  expect(value).toStrictEqual(names.toSorted());
  expect(count).toBeGreaterThanOrEqual(Math.floor(length / 1000));
});
