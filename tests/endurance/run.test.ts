import { describe, expect, it } from 'vitest';
import { FakeWrenn, type Flaw } from './fake-wrenn.ts';
import { Run } from './run.ts';

async function play(seed: number, flaw: Flaw = 'none', cycles = 60) {
  const fake = new FakeWrenn(flaw);
  const notes: string[] = [];
  const outcome = await new Run(fake, fake, {
    cycles,
    seed,
    pace: 0.002,
    note: (text) => notes.push(text),
  }).play();
  return { ...outcome, notes, left: [...(await fake.capsules()).keys(), ...(await fake.snapshots())] };
}

describe('a random life of an installation', () => {
  it.each([1, 2, 3, 4])('that keeps everything has no losses (seed %d), and leaves nothing', async (seed) => {
    const { losses, faults, left } = await play(seed);
    expect(losses).toEqual([]);
    expect(left).toEqual([]);
    expect(Object.values(faults).reduce((sum, count) => sum + count, 0)).toBeGreaterThan(5);
  });

  it.each(['pause forgets zeros', 'killed agent halves files', 'full disk ends capsules'] as const)(
    'shows that a %s, with the history of the capsule',
    async (flaw) => {
      const { losses } = await play(5, flaw, 120);
      expect(losses.length).toBeGreaterThan(0);
      expect(losses[0]?.history.length).toBeGreaterThan(0);
    },
  );

  it('is the same for the same seed as far as it depends on nothing else, and another for another', async () => {
    const first = (await play(11)).notes[0]?.replace(/\(.*/, '');
    expect((await play(11)).notes[0]?.replace(/\(.*/, '')).toBe(first);
    expect((await play(12)).notes.slice(0, 5)).not.toEqual((await play(11)).notes.slice(0, 5));
  });

  it('has every kind of step and of fault in it', async () => {
    const { notes, faults } = await play(21, 'none', 250);
    expect(Object.keys(faults).toSorted()).toEqual([
      'disconnect',
      'fill disk',
      'kill agent',
      'kill control plane',
      'kill machine',
    ]);
    const text = notes.join('\n');
    for (const step of [
      'create {"template"',
      'pause c',
      'resume c',
      'fork c',
      'snapshot c',
      'checkpoint c',
      'destroy c',
      'delete snapshot',
      '"kind":"replace"',
      '"kind":"overwrite"',
      '"kind":"zeros"',
      '"kind":"sync"',
      '"kind":"sync all"',
      '"kind":"remove"',
    ])
      expect(text).toContain(step);
  });
});
