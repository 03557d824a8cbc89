import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { permissionString } from './permission-string.ts';

test.each([
  [0o100644, '-rw-r--r--'],
  [0o040755, 'drwxr-xr-x'],
  [0o120777, 'Lrwxrwxrwx'],
  [0o041777, 'dtrwxrwxrwx'],
  [0o104755, 'urwxr-xr-x'],
  [0o102755, 'grwxr-xr-x'],
  [0o107000, 'ugt---------'],
  [0o042755, 'dgrwxr-xr-x'],
  [0o010600, 'prw-------'],
  [0o140755, 'Srwxr-xr-x'],
  [0o060660, 'Drw-rw----'],
  [0o020666, 'Dcrw-rw-rw-'],
])('%o is %s', (mode, text) => {
  expect(permissionString(mode)).toBe(text);
});

/** The letters as Go defines them: in this order, each for a fact of the file. */
function model(mode: number): string {
  const kind = mode & 0o170000;
  const facts: [letter: string, holds: boolean][] = [
    ['d', kind === 0o040000],
    ['L', kind === 0o120000],
    ['D', kind === 0o060000 || kind === 0o020000],
    ['p', kind === 0o010000],
    ['S', kind === 0o140000],
    ['u', (mode & 0o4000) !== 0],
    ['g', (mode & 0o2000) !== 0],
    ['c', kind === 0o020000],
    ['t', (mode & 0o1000) !== 0],
  ];
  const letters = facts.map(([letter, holds]) => (holds ? letter : '')).join('');
  const octal = (mode & 0o777).toString(8).padStart(3, '0');
  const triples = ['---', '--x', '-w-', '-wx', 'r--', 'r-x', 'rw-', 'rwx'];
  return (letters || '-') + [...octal].map((digit) => triples[Number(digit)]).join('');
}

test.prop([
  fc.constantFrom(0o040, 0o120, 0o060, 0o020, 0o010, 0o140, 0o100),
  fc.integer({ min: 0, max: 0o7777 }),
])('every mode is written as Go writes it', (kind, bits) => {
  const mode = (kind << 9) | bits;
  expect(permissionString(mode)).toBe(model(mode));
});
