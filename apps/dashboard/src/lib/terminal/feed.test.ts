import { describe, expect, it } from 'vitest';
import { feed, type Sink } from './feed.ts';

/** A screen that works off what it was given when a test says so. */
class FakeScreen implements Sink {
  readonly pieces: Uint8Array[] = [];
  waiting: (() => void)[] = [];

  write(bytes: Uint8Array, done: () => void): void {
    this.pieces.push(bytes);
    this.waiting.push(done);
  }

  workOff(): void {
    const done = this.waiting;
    this.waiting = [];
    for (const each of done) each();
  }
}

const kilobytes = (count: number) => new Uint8Array(count * 1024);
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a screen', () => {
  it('is given everything in order, in pieces that it works off at a stretch', async () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, at) => at % 251);
    const screen = new FakeScreen();
    const all = feed(once([bytes.subarray(0, 70_000), bytes.subarray(70_000)]), screen);
    while (screen.waiting.length > 0 || screen.pieces.length === 0) {
      await settled();
      screen.workOff();
    }
    await all;
    expect(Buffer.concat(screen.pieces).equals(bytes)).toBe(true);
    expect(Math.max(...screen.pieces.map(({ length }) => length))).toBeLessThanOrEqual(8 * 1024);
  });

  it('that is behind is given no more, and what prints is not read meanwhile', async () => {
    let read = 0;
    async function* prints() {
      for (; read < 100; ) {
        read += 1;
        yield kilobytes(32);
      }
    }
    const screen = new FakeScreen();
    const all = feed(prints(), screen);
    await settled();
    expect(read).toBe(4);
    await settled();
    expect(read).toBe(4);
    while (read < 100 || screen.waiting.length > 0) {
      screen.workOff();
      await settled();
      expect(screen.waiting.length).toBeLessThanOrEqual(20);
    }
    await all;
  });

  it('that has shown all says so', async () => {
    const screen = new FakeScreen();
    const told: string[] = [];
    const all = feed(once([kilobytes(1), kilobytes(20)]), screen, {
      onRead: () => told.push('read'),
      onDrained: () => told.push('drained'),
    });
    await settled();
    screen.workOff();
    await all;
    expect(told).toEqual(['read', 'read', 'drained']);
  });
});

async function* once(pieces: readonly Uint8Array[]) {
  yield* pieces;
}
