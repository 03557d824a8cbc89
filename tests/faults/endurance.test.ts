import { describe, expect, it } from 'vitest';
import { endure } from '../endurance/installation.ts';

/** The long form is `npm run endurance`. */
const chosen = Math.floor(Math.random() * 1_000_000);

describe('a random life with faults', { timeout: 400_000 }, () => {
  it.each([
    { which: 'one that is always the same, with every kind of fault', seed: 53, cycles: 12 },
    { which: 'another each time', seed: chosen, cycles: 8 },
  ])('loses nothing: $which, by seed $seed', async ({ seed, cycles }) => {
    const notes: string[] = [];
    const {
      losses,
      leftOver,
      cycles: played,
    } = await endure({ cycles, seed, note: (text) => notes.push(text) });
    expect({ losses, leftOver }, `with seed ${seed}:\n${notes.join('\n')}`).toEqual({
      losses: [],
      leftOver: [],
    });
    expect(played).toBe(cycles);
  });
});
