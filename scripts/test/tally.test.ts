import { describe, expect, it } from 'vitest';
import { noTests, oneFailed, onePassed, sumOf, tallyLines } from './tally.ts';

describe('the end of a test run', () => {
  it('is one line with the sums', () => {
    const sum = sumOf([onePassed(), { passed: 3, failed: [], skipped: [] }, noTests]);
    expect(tallyLines(sum).at(-1)).toBe('4 passed, 0 failed, 0 skipped');
  });

  it('names what failed, and what was skipped with the reason', () => {
    const skipped = { ...noTests, skipped: [{ name: 'a > b', reason: 'no KVM' }] };
    const lines = tallyLines(sumOf([oneFailed('check'), skipped]));
    expect(lines).toContain('  a > b: no KVM');
    expect(lines).toContain('  check');
    expect(lines.at(-1)).toBe('0 passed, 1 failed, 1 skipped');
  });
});
