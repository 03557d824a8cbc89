import { fc, test } from '@fast-check/vitest';
import { newId } from '@wrenn/core';
import { describe, expect } from 'vitest';
import type { Hold } from './snapshot-store.ts';
import { readMemory, type SimulatedGuest } from './testing/simulated-guest.ts';
import { never, StoreFixture, traits } from './testing/store-fixture.ts';

const page = fc.nat(255);
const pick = fc.nat(1000);
const unwritten = fc.constantFrom('base' as const, 'start' as const);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('write'), pick, page, count: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('zero'), pick, page, count: fc.integer({ min: 1, max: 9 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('touch'), pick, page, count: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom('checkpoint', 'pause'), pick }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('fork', 'boot', 'alias', 'broken'), pick }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('list', 'unlist', 'release', 'end', 'restart'), pick }),
  },
);
type Step = { readonly kind: string; readonly pick: number; readonly page?: number; readonly count?: number };

/** What the test knows to be held or listed, with the memory that it must have. */
interface Kept {
  readonly hold: Hold;
  readonly memory: Buffer;
  isListed: boolean;
  isHeld: boolean;
}

/** A machine, and the snapshot that it was started from or last copied into. */
interface Life {
  guest: SimulatedGuest;
  parent: Kept | undefined;
}

class Model {
  readonly #fixture: StoreFixture;
  readonly #kept: Kept[] = [];
  readonly #lives: Life[] = [];

  constructor(fixture: StoreFixture) {
    this.#fixture = fixture;
  }

  async play({ kind, pick: index, page: first = 0, count = 0 }: Step): Promise<void> {
    const life = this.#lives[index % Math.max(1, this.#lives.length)];
    const kept = this.#kept[index % Math.max(1, this.#kept.length)];
    if (kind === 'boot' || life === undefined) {
      this.#lives.push({ guest: await this.#fixture.boot(), parent: undefined });
      return;
    }
    if (kind === 'write' || kind === 'zero' || kind === 'touch') {
      for (let each = first; each < Math.min(256, first + count); each++) life.guest[kind](each);
      return;
    }
    await this.#playOn(kind, life, kept);
  }

  async #playOn(kind: string, life: Life, kept: Kept | undefined): Promise<void> {
    switch (kind) {
      case 'checkpoint':
        life.parent = await this.#capture(life);
        return;
      case 'pause':
        life.parent = await this.#capture(life);
        life.guest = await this.#fixture.resume(life.parent.hold.snapshot);
        return;
      case 'broken':
        await this.#breakOff(life);
        return;
      case 'end':
        this.#lives.splice(this.#lives.indexOf(life), 1);
        return;
      case 'restart':
        await this.#collect();
        return;
    }
    if (kept !== undefined) await this.#playKept(kind, kept);
  }

  async #playKept(kind: string, kept: Kept): Promise<void> {
    const { store } = this.#fixture;
    const { snapshot } = kept.hold;
    switch (kind) {
      case 'fork':
        this.#lives.push({ guest: await this.#fixture.resume(snapshot), parent: kept });
        return;
      case 'alias': {
        const copy = await store.alias(snapshot, newId('snapshot'));
        this.#kept.push({ hold: store.hold(copy.id), memory: kept.memory, isListed: false, isHeld: true });
        return;
      }
      case 'list':
        await store.list(snapshot.id);
        kept.isListed = true;
        return;
      case 'unlist':
        kept.isListed = false;
        if (!kept.isHeld && !this.#isNeeded(kept)) this.#forget(kept);
        await store.unlist(snapshot.id);
        return;
      case 'release':
        if (!kept.isHeld || this.#isNeeded(kept)) return;
        kept.isHeld = false;
        if (!kept.isListed) this.#forget(kept);
        await kept.hold.release();
        return;
    }
  }

  async #capture(life: Life): Promise<Kept> {
    const snapshot = await this.#fixture.capture(life.guest, life.parent?.hold.snapshot);
    const memory = Buffer.from(life.guest.memory);
    const kept = { hold: this.#fixture.store.hold(snapshot.id), memory, isListed: false, isHeld: true };
    this.#kept.push(kept);
    return kept;
  }

  async #breakOff({ guest, parent }: Life): Promise<void> {
    await using draft = await this.#fixture.store.begin(newId('snapshot'));
    await draft.writeMemory(
      { runs: guest.writtenPages(), unwritten: guest.unwritten },
      parent?.hold.snapshot,
      this.#fixture.memoryMiB,
      never,
    );
  }

  /** Nothing that is wanted is garbage, at no time. */
  async #collect(): Promise<void> {
    expect(await this.#fixture.store.collect({ disks: new Set() }, 'remove')).toEqual([]);
  }

  #isNeeded(kept: Kept): boolean {
    return this.#lives.some(({ parent }) => parent === kept);
  }

  #forget(kept: Kept): void {
    this.#kept.splice(this.#kept.indexOf(kept), 1);
  }

  async check(): Promise<void> {
    const { store } = this.#fixture;
    for (const { hold, memory } of this.#kept) {
      await store.check(hold.snapshot, traits, never);
      expect((await readMemory(await store.memoryOf(hold.snapshot))).equals(memory)).toBe(true);
    }
  }

  /** Listed ones are still there after a restart; all others are garbage then. */
  async restart(): Promise<void> {
    const listed = this.#kept.filter(({ isListed }) => isListed).map(({ hold }) => hold.snapshot.id);
    await this.#fixture.reopen();
    const { store } = this.#fixture;
    const would = await store.collect({ disks: new Set() }, 'dry_run');
    expect(await store.collect({ disks: new Set() }, 'remove')).toEqual(would);
    expect(await store.collect({ disks: new Set() }, 'remove')).toEqual([]);
    expect(store.listed().map(({ id }) => id)).toEqual(expect.arrayContaining(listed));
    expect(store.listed()).toHaveLength(listed.length);
    for (const { hold, memory, isListed } of this.#kept) {
      const found = store.find(hold.snapshot.id);
      expect(found !== undefined).toBe(isListed);
      if (found === undefined) continue;
      await store.check(found, traits, never);
      expect((await readMemory(await store.memoryOf(found))).equals(memory)).toBe(true);
    }
    for (const { id } of store.listed()) await store.unlist(id);
  }

  async end(): Promise<void> {
    this.#lives.length = 0;
    for (const kept of [...this.#kept]) {
      if (kept.isListed) await this.#fixture.store.unlist(kept.hold.snapshot.id);
      if (kept.isHeld) await kept.hold.release();
    }
  }
}

describe('a store over a random life', () => {
  test.prop([fc.array(step, { minLength: 10, maxLength: 50 }), fc.boolean(), unwritten], { numRuns: 12 })(
    'gives every snapshot its memory back, and keeps nothing that nobody wants',
    async (steps, restarts, kept) => {
      await using fixture = await StoreFixture.make(1, kept);
      const model = new Model(fixture);
      for (const each of steps) await model.play(each);
      await model.check();
      await (restarts ? model.restart() : model.end());
      expect(await fixture.left()).toEqual([]);
    },
    120_000,
  );
});
