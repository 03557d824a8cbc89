import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pageBytes } from '../engine/engine.ts';
import type { Hold, Snapshot } from './snapshot-store.ts';
import { readMemory } from './testing/simulated-guest.ts';
import { never, StoreFixture, traits } from './testing/store-fixture.ts';

let fixture: StoreFixture;

async function expectMemory(snapshot: Snapshot, expected: Buffer): Promise<void> {
  await fixture.store.check(snapshot, traits, never);
  const memory = await readMemory(await fixture.store.memoryOf(snapshot));
  // Not toEqual: what differs would be a page of numbers.
  expect(memory.equals(expected), `memory of ${snapshot.id}`).toBe(true);
}

describe.each([
  ['all that differs from the base', 'base'],
  ['what was written since the start', 'start'],
] as const)('memory of generations, of a VMM that tells %s,', { timeout: 60_000 }, (_, unwritten) => {
  beforeEach(async () => {
    fixture = await StoreFixture.make(1, unwritten);
  });
  afterEach(() => fixture[Symbol.asyncDispose]());

  it('is the base where nothing was written, and what was written elsewhere', async () => {
    const guest = await fixture.boot();
    for (const page of [0, 3, 4, 5, 100, fixture.pages - 1]) guest.write(page);
    const snapshot = await fixture.capture(guest, undefined);
    await expectMemory(snapshot, guest.memory);
    expect(snapshot.manifest.layers.map(({ bytes }) => bytes)).toEqual([6 * pageBytes]);
  });

  it('of a guest that wrote nothing has no layer', async () => {
    const snapshot = await fixture.capture(await fixture.boot(), undefined);
    expect(snapshot.manifest.layers).toEqual([]);
    await expectMemory(snapshot, (await fixture.boot()).memory);
    const next = await fixture.capture(await fixture.resume(snapshot), snapshot);
    await expectMemory(next, (await fixture.boot()).memory);
    expect(await fixture.store.mapOf(next)).toMatchObject({ generation: 2, ranges: [] });
  });

  it('has zeros where a page became zero, over the base, a layer and a page of its own', async () => {
    const guest = await fixture.boot();
    guest.zero(1);
    guest.write(2);
    guest.write(3);
    const first = await fixture.capture(guest, undefined);
    const again = await fixture.resume(first);
    again.zero(2);
    again.write(1);
    again.zero(9);
    const second = await fixture.capture(again, first);
    await expectMemory(first, guest.memory);
    await expectMemory(second, again.memory);
    const third = await fixture.resume(second);
    third.write(2);
    third.zero(1);
    await expectMemory(await fixture.capture(third, second), third.memory);
  });

  it('stores no page again that reads as in the parent', async () => {
    const guest = await fixture.boot();
    for (let page = 10; page < 60; page++) guest.write(page);
    guest.zero(61);
    const first = await fixture.capture(guest, undefined);
    const again = await fixture.resume(first);
    again.touch(12);
    again.write(30);
    const second = await fixture.capture(again, first);
    await expectMemory(second, again.memory);
    const added = second.manifest.layers.filter(({ id }) =>
      first.manifest.layers.every((layer) => layer.id !== id),
    );
    expect(added.map(({ bytes }) => bytes)).toEqual([pageBytes]);
  });

  it('keeps a page that was written only before the parent, whose layers nobody else names', async () => {
    const guest = await fixture.boot();
    guest.write(7);
    const first = await fixture.capture(guest, undefined);
    const hold = fixture.store.hold(first.id);
    const again = await fixture.resume(first);
    again.write(8);
    const second = await fixture.capture(again, first);
    fixture.store.hold(second.id);
    await hold.release();
    await expectMemory(second, again.memory);
  });

  it('reads back whole over thirty generations, each of them as long as it is held', async () => {
    const taken: { snapshot: Snapshot; memory: Buffer; hold: Hold }[] = [];
    let guest = await fixture.boot();
    for (let generation = 1; generation <= 30; generation++) {
      guest.write(0);
      guest.write(generation * 3);
      guest.write((generation * 37) % fixture.pages);
      guest.zero((generation * 53) % fixture.pages);
      const parent = taken.at(-1)?.snapshot;
      const snapshot = await fixture.capture(guest, parent);
      taken.push({ snapshot, memory: Buffer.from(guest.memory), hold: fixture.store.hold(snapshot.id) });
      expect(snapshot.manifest.layers.length).toBeLessThanOrEqual(8);
      guest = await fixture.resume(snapshot);
    }
    for (const { snapshot, memory } of taken) await expectMemory(snapshot, memory);
    // Every second one goes; those between have parts in common with them.
    for (const [index, { hold }] of taken.entries()) if (index % 2 === 0) await hold.release();
    for (const [index, { snapshot, memory }] of taken.entries())
      if (index % 2 === 1) await expectMemory(snapshot, memory);
    for (const [index, { hold }] of taken.entries()) if (index % 2 === 1) await hold.release();
    expect(await fixture.left()).toEqual([]);
  });
});
