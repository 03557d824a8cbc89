import { capsuleActions, capsuleStates } from '@wrenn/core';
import { expect, it } from 'vitest';
import { capsuleStatesPage } from './page.ts';

const lines = capsuleStatesPage().split('\n');
const rowOf = (name: string) => lines.filter((line) => line.startsWith(`| \`${name}\` |`));

it('has one row for each state and one for each action', () => {
  for (const name of [...capsuleStates, ...Object.keys(capsuleActions)]) expect(rowOf(name)).toHaveLength(1);
});

it('says what an action leads to, where it leaves all as it is, and where it is refused', () => {
  const cells = (name: string) =>
    rowOf(name)[0]
      ?.split('|')
      .slice(3, -1)
      .map((cell) => cell.trim());
  expect(cells('pause')).toEqual(['', '', 'paused', '', '', '', '']);
  expect(cells('snapshot')).toEqual(['', '', '=', '=', '', '', '']);
});
