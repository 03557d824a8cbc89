import { describe, expect, it } from 'vitest';
import { noTests, oneFailed, onePassed, sumOf, tallyLines } from './tally.ts';

describe('the end of a test run', () => {
  it('is one line with the sums', () => {
    const sum = sumOf([onePassed(), { passed: 3, failed: [], skipped: [], files: [] }, noTests]);
    expect(tallyLines(sum).at(-1)).toBe('4 passed, 0 failed, 0 skipped');
  });

  it('names what failed, and what was skipped with the reason', () => {
    const skipped = { ...noTests, skipped: [{ name: 'a > b', reason: 'no KVM' }] };
    const lines = tallyLines(sumOf([oneFailed('check'), skipped]));
    expect(lines).toContain('  a > b: no KVM');
    expect(lines).toContain('  check');
    expect(lines.at(-1)).toBe('0 passed, 1 failed, 1 skipped');
  });

  it('says why something failed as far as its beginning, without empty lines', () => {
    const why = ['Timeout', '', ...Array.from({ length: 20 }, (_, index) => `waiting ${index}`)].join('\n');
    const lines = tallyLines(oneFailed('a > b', why));
    const shown = lines.filter((line) => line.startsWith('    | '));
    expect(shown[0]).toBe('    | Timeout');
    expect(shown[1]).toBe('    | waiting 0');
    expect(shown.at(-1)).toBe('    | and 5 lines more');
  });

  it('says which files took longest', () => {
    const files = [
      { name: 'quick', ms: 900 },
      { name: 'long', ms: 61_000 },
    ];
    const lines = tallyLines({ ...noTests, passed: 2, files });
    expect(lines.slice(0, 4)).toEqual(['', 'Longest:', '     61 s  long', '      1 s  quick']);
  });
});
