import { expect, it } from 'vitest';
import { fits, type ListQuery, placeOf, queryOf } from './list-query.ts';
import { capsule } from './testing/capsule.ts';

const all: ListQuery = { sort: 'created', order: 'desc' };

it('the address of the page says what is listed', () => {
  const address = new URLSearchParams(
    'q= node &status=paused&status=running&sort=template&order=asc&template=a',
  );
  expect(queryOf(address)).toEqual({
    ...{ q: 'node', template: 'a', status: ['running', 'paused'] },
    ...{ sort: 'template', order: 'asc' },
  });
});

it('what the address says that means nothing is left out', () => {
  expect(queryOf(new URLSearchParams('q=&status=asleep&sort=colour&order=up'))).toEqual(all);
});

it('a list of all leaves out those that are over', () => {
  expect(fits(capsule({ status: 'paused' }), all)).toBe(true);
  expect(fits(capsule({ status: 'stopped' }), all)).toBe(false);
  expect(fits(capsule({ status: 'stopped' }), { ...all, status: ['stopped'] })).toBe(true);
});

it('a text is looked for in the ID, the template and what its maker said, and not in what the platform adds', () => {
  const one = capsule({
    id: 'cl-abcd5',
    template: 'Node',
    metadata: { name: 'Blue', kernel_version: '6.1' },
  });
  expect(['cl-ab', 'abcd', 'ode', 'LUE'].map((q) => fits(one, { ...all, q }))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(['bcd', 'abc', '6.1', 'name'].map((q) => fits(one, { ...all, q }))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

it('a new capsule belongs before those that the list has after it', () => {
  const items = ['03', '02', '01'].map((day) => capsule({ created_at: `2026-01-${day}T00:00:00Z` }));
  const made = (day: string) => capsule({ created_at: `2026-01-${day}T00:00:00Z` });
  expect(placeOf(made('04'), items, all)).toBe(0);
  expect(placeOf(made('02'), items, all)).toBe(2);
  expect(placeOf(capsule({ created_at: '2025-01-01T00:00:00Z' }), items, all)).toBe(3);
  expect(placeOf(made('04'), items.toReversed(), { ...all, order: 'asc' })).toBe(3);
});
