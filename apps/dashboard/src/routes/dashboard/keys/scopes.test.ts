import { expect, test } from 'vitest';
import { toggledScope } from './scopes.ts';

test('everything is chosen alone, and any other takes its place', () => {
  expect(toggledScope(['files:read', 'ports'], 'all')).toEqual(['all']);
  expect(toggledScope(['all'], 'ports')).toEqual(['ports']);
});

test('a scope is chosen and taken away again', () => {
  const both = toggledScope(['ports'], 'files:read');
  expect(both).toEqual(['ports', 'files:read']);
  expect(toggledScope(both, 'ports')).toEqual(['files:read']);
  expect(toggledScope(['all'], 'all')).toEqual([]);
});
