import fc from 'fast-check';
import { expect, test } from 'vitest';
import { filterOf, queryOf, searchOf, toggled } from './filter.ts';
import { auditResources } from './vocabulary.ts';

const now = new Date('2026-05-02T12:00:00Z');
const none = filterOf(new URLSearchParams());
const parts = auditResources.flatMap(({ resource, actions }) => [
  resource,
  ...actions.map(({ action }) => `${resource}.${action}`),
]);

test('an address without a query asks for all', () => {
  expect(queryOf(none, now)).toEqual({});
  expect(searchOf(none)).toBe('');
});

test('two chosen pairs are asked for as pairs, beside a whole resource', () => {
  const what = ['sandbox', 'api_key.create', 'team.rename'];
  expect(queryOf({ ...none, what }, now)).toEqual({
    resource_type: ['sandbox'],
    action: ['api_key.create', 'team.rename'],
  });
});

test('all actions of a resource become the resource, and one less leaves the others', () => {
  const both = toggled(['snapshot.create'], 'snapshot.delete');
  expect(both).toEqual(['snapshot']);
  expect(toggled(both, 'snapshot.create')).toEqual(['snapshot.delete']);
});

test('choosing a resource takes the place of its single actions', () => {
  expect(toggled(['host.marked_up', 'team.rename'], 'host')).toEqual(['team.rename', 'host']);
});

test('an address leads back to what was chosen', () => {
  const filter = fc.record({
    what: fc.array(fc.constantFrom(...parts)).map((chosen) => chosen.reduce<readonly string[]>(toggled, [])),
    statuses: fc.subarray(['success', 'info', 'warning', 'error'] as const),
    range: fc.oneof(
      fc.constant({ kind: 'all' as const }),
      fc.constantFrom('24h', '7d', '30d').map((last) => ({ kind: 'last' as const, last })),
      fc.constant({ kind: 'between' as const, since: '2026-01-01T00:00:00.000Z', until: undefined }),
    ),
    actorId: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
    resourceId: fc.option(fc.string({ minLength: 1 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(filter, (chosen) => {
      const read = filterOf(new URLSearchParams(searchOf(chosen)));
      expect({ ...read, what: read.what.toSorted() }).toEqual({ ...chosen, what: chosen.what.toSorted() });
    }),
  );
});

test('a range that ends now is counted from now, and nonsense in the address is left out', () => {
  expect(queryOf(filterOf(new URLSearchParams('range=24h')), now)).toEqual({
    since: '2026-05-01T12:00:00.000Z',
  });
  expect(filterOf(new URLSearchParams('what=%3Cimg%3E,Sandbox&range=1y&since=x&status=odd'))).toEqual(none);
});
