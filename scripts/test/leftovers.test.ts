import { describe, expect, it } from 'vitest';
import { compareInventories } from './leftovers.ts';
import { onePassed } from './tally.ts';

describe('what is left behind', () => {
  it('is nothing when both inventories are equal', () => {
    const inventory = { namespaces: ['a'], monitors: [] };
    expect(compareInventories(inventory, inventory)).toEqual({
      tally: onePassed(),
      lines: [],
    });
  });

  it('is named by kind', () => {
    const { tally, lines } = compareInventories(
      { namespaces: ['a'] },
      { namespaces: ['a', 'b'], links: ['c'] },
    );
    expect(lines).toEqual(['namespaces: b', 'links: c']);
    expect(tally.failed).toHaveLength(1);
  });

  it('is not what went away: another Wrenn on this machine may have stopped meanwhile', () => {
    expect(compareInventories({ namespaces: ['a'] }, { namespaces: [] }).lines).toEqual([]);
  });
});
