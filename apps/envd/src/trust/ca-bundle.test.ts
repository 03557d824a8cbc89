import { expect, test } from 'vitest';
import { withSection } from './ca-bundle.ts';

test('adds the certificates at the end, once', () => {
  const once = withSection('A\n', 'B\n');
  expect(once).toMatch(/^A\n# BEGIN .*\nB\n# END .*\n$/);
  expect(withSection(once, 'B')).toBe(once);
});

test('replaces those of an earlier host, and takes them out for none', () => {
  const once = withSection('A', 'B');
  expect(withSection(once, 'C')).toBe(once.replace('B\n#', 'C\n#'));
  expect(withSection(once, '')).toBe('A\n');
});
