import { describe, expect, it } from 'vitest';
import { colorsFor } from './colors.ts';
import { formatAge, formatDuration } from './duration.ts';
import { formatTable } from './table.ts';

describe('colours', () => {
  it.each([
    ['are there on a terminal', { isTTY: true }, {}, true],
    ['are absent in a pipe', { isTTY: false }, {}, false],
    ['are absent when NO_COLOR is set', { isTTY: true }, { NO_COLOR: '1' }, false],
    ['are there when NO_COLOR is empty', { isTTY: true }, { NO_COLOR: '' }, true],
    ['are absent on a dumb terminal', { isTTY: true }, { TERM: 'dumb' }, false],
  ])('%s', (_name, stream, environment, isColored) => {
    expect(colorsFor(stream, environment).red('x') !== 'x').toBe(isColored);
  });
});

describe('durations', () => {
  it.each([
    [0, '0.0 s'],
    [59_940, '59.9 s'],
    [60_000, '1 min 00 s'],
    [185_400, '3 min 05 s'],
    [119_700, '2 min 00 s'],
  ])('%i ms are %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  it.each([
    [-5, '0 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [3 * 3_600_000 + 1, '3 h'],
    [3 * 86_400_000, '3 d'],
  ])('an age of %i ms is %s', (ms, text) => {
    expect(formatAge(ms)).toBe(text);
  });
});

it('a table has columns as wide as their widest cell, and no blanks at the end of a line', () => {
  const lines = formatTable(
    ['ID', 'STATUS'],
    [
      ['cl-1', 'running'],
      ['c', 'x'],
    ],
    colorsFor({}, {}),
  );
  expect(lines).toEqual(['ID    STATUS', 'cl-1  running', 'c     x']);
});
