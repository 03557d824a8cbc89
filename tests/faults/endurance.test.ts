import { expect, it } from 'vitest';
import { endure } from '../endurance/installation.ts';

/** A life that has every kind of fault; the long form, with another seed each time, is `npm run endurance`. */
const short = { cycles: 12, seed: 53 };

it('a random life with faults loses nothing, and leaves nothing', { timeout: 400_000 }, async () => {
  const notes: string[] = [];
  const { losses, leftOver, cycles } = await endure({ ...short, note: (text) => notes.push(text) });
  expect({ losses, leftOver }, notes.join('\n')).toEqual({ losses: [], leftOver: [] });
  expect(cycles).toBe(short.cycles);
});
