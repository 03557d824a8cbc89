import { expect, test } from 'vitest';
import { colorsFor } from '../output/colors.ts';
import { type Verdict, verdictFrom, verdictLines } from './verdict.ts';

const colors = colorsFor({ isTTY: false }, {});
const whole: Verdict = { chains: 1, entries: 3, forgotten: 0, wrong: 0, findings: [] };

test('a log that is whole is one line', () => {
  expect(verdictLines(whole, colors)).toEqual(['3 entries of 1 team are as they were written.']);
});

test('each thing that is wrong is a line: what, where and how; and how many there are in all', () => {
  const team = 'team-0000000000000000000000001';
  const id = 'log-0000000000000000000000001';
  const found: Verdict = {
    chains: 2,
    entries: 30,
    forgotten: 4,
    wrong: 5,
    findings: [
      { team, what: 'altered', number: 7, id, detail: 'who it names is not who it named' },
      { team, what: 'missing', number: 9, detail: 'is not there' },
    ],
  };
  expect(verdictLines(found, colors)).toEqual([
    `altered ${team} 7 (${id}): who it names is not who it named`,
    `missing ${team} 9: is not there`,
    'and 3 more',
    '30 entries of 2 teams: 5 things are wrong.',
    'Of 4 entries it was forgotten whom they name, as it should be.',
  ]);
});

test('what the program reported is read, and nothing else', () => {
  expect(verdictFrom({ verdict: JSON.stringify(whole) })).toEqual(whole);
  expect(() => verdictFrom({})).toThrow();
  expect(() => verdictFrom({ verdict: '{"chains":1}' })).toThrow();
});
