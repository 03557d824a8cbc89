import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClientBudget } from './client-budget.ts';

describe('ClientBudget', () => {
  it('keeps one client from taking the places of all', () => {
    const budget = new ClientBudget({ total: 10, perClient: 2 });
    expect(
      [budget.enter('a'), budget.enter('a'), budget.enter('a')].map((place) => place !== undefined),
    ).toEqual([true, true, false]);
    expect(budget.enter('b')).toBeDefined();
  });

  it('never exceeds its limits and forgets nothing that was given back', () => {
    const steps = fc.array(fc.record({ client: fc.constantFrom('a', 'b', 'c'), leave: fc.boolean() }), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const budget = new ClientBudget({ total: 4, perClient: 2 });
        const held: { client: string; place: Disposable }[] = [];
        for (const { client, leave } of list) {
          if (leave) held.shift()?.place[Symbol.dispose]();
          const own = held.filter((other) => other.client === client).length;
          const place = budget.enter(client);
          expect(place !== undefined).toBe(held.length < 4 && own < 2);
          if (place !== undefined) held.push({ client, place });
        }
      }),
    );
  });
});
