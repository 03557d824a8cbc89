import { expect, test } from 'vitest';
import { draftKindOf, newDraftName } from './draft-name.ts';

test.each(['new', 'over'] as const)('a draft of the kind %s is known by its name', (kind) => {
  const name = newDraftName(kind);
  expect(draftKindOf(name)).toBe(kind);
  expect(newDraftName(kind)).not.toBe(name);
});

test.each([
  '',
  'a',
  '.wrenn-new-.upload',
  '.wrenn-other-0123456789abcdef.upload',
  'x.wrenn-new-0123456789abcdef.upload',
])('%j is no draft', (name) => {
  expect(draftKindOf(name)).toBeUndefined();
});
