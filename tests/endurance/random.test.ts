import { expect, it } from 'vitest';
import { Random } from './random.ts';

const first = (...seed: number[]) => new Random(...seed).next();

it('gives the same for the same seed, and nothing in common for seeds that differ little', () => {
  expect(first(1, 2)).toBe(first(1, 2));
  const seeds = Array.from({ length: 40 }, (_, index) => index);
  const all = seeds.flatMap((seed) => seeds.map((cycle) => first(seed, cycle)));
  expect(new Set(all).size).toBe(all.length);
});

it('gives whole numbers between both ends, and picks as often as the weights say', () => {
  const random = new Random(3);
  const numbers = Array.from({ length: 1000 }, () => random.whole(2, 4));
  expect(new Set(numbers)).toEqual(new Set([2, 3, 4]));
  const picked = Array.from({ length: 1000 }, () =>
    random.weighted([
      { weight: 1, value: 'seldom' },
      { weight: 9, value: 'often' },
    ]),
  );
  const often = picked.filter((value) => value === 'often').length;
  expect(often).toBeGreaterThan(850);
  expect(often).toBeLessThan(950);
});
