import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { percentile } from './statistics.ts';

const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1 });

describe('percentile', () => {
  it('interpolates between the nearest samples', () => {
    expect(percentile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(percentile([7], 0.99)).toBe(7);
  });

  test.prop([samples, fc.double({ min: 0, max: 1, noNaN: true })])(
    'lies within the samples',
    (list, fraction) => {
      const value = percentile(list, fraction);
      expect(value).toBeGreaterThanOrEqual(Math.min(...list));
      expect(value).toBeLessThanOrEqual(Math.max(...list));
    },
  );
});
