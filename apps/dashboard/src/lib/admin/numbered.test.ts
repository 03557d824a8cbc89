import { expect, it } from 'vitest';
import { eachOnce } from './numbered.ts';

it('shows something once that moved to the next page while the list was read', () => {
  const [first, second, third] = [{ id: 'a' }, { id: 'b' }, { id: 'c' }];
  expect(eachOnce([first, second, { id: 'b' }, third]).map(({ id }) => id)).toEqual(['a', 'b', 'c']);
});
