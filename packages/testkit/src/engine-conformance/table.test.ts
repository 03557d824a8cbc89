import { expect, it } from 'vitest';
import { formatTable } from './table.ts';

it('a table has a row for each promise and a column for each engine, and says each reason once', () => {
  const columns = new Map([
    [
      'one',
      new Map([
        ['runs', 'ok'],
        ['stops', 'no'],
      ]),
    ],
    [
      'other',
      new Map([
        ['runs', 'skipped (not here)'],
        ['stops', 'skipped (not here)'],
      ]),
    ],
  ]);
  expect(formatTable(columns).split('\n')).toEqual([
    '       one  other',
    'runs   ok   skipped (1)',
    'stops  no   skipped (1)',
    '(1) not here',
  ]);
});

it('a row that a column does not have is a dash', () => {
  const columns = new Map([
    ['one', new Map([['runs', 'ok']])],
    ['other', new Map<string, string>()],
  ]);
  expect(formatTable(columns)).toContain('runs  ok   -');
});
