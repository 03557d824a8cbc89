import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { InputWriters } from './input-writers.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: Uint8Array) => new TextDecoder().decode(part);

describe('the input of somebody who names itself', () => {
  it('is taken whole from one who does not', () => {
    const writers = new InputWriters();
    expect(text(writers.newPart('', 0n, bytes('a')))).toBe('a');
    expect(text(writers.newPart('', 0n, bytes('a')))).toBe('a');
  });

  test.prop([fc.string({ minLength: 1 }), fc.array(fc.tuple(fc.nat(), fc.nat()))])(
    'is taken once and in order, whatever is sent again',
    (typed, again) => {
      const all = bytes(typed);
      const writers = new InputWriters();
      const taken: Uint8Array[] = [];
      const send = (from: number, to: number) =>
        taken.push(writers.newPart('me', BigInt(from), all.subarray(from, to)));
      send(0, 1);
      let reached = 1;
      for (const [from, length] of again) {
        const start = from % (reached + 1);
        const end = Math.min(all.length, start + length);
        send(start, end);
        reached = Math.max(reached, end);
      }
      send(reached, all.length);
      expect(Buffer.concat(taken)).toEqual(Buffer.from(all));
    },
  );

  it('is refused where some of it never came, and says from where to send on', () => {
    const writers = new InputWriters();
    writers.newPart('me', 0n, bytes('abc'));
    expect(() => writers.newPart('me', 5n, bytes('f'))).toThrow('between byte 3 and 5');
  });

  it('of many is told apart, and of those heard longest ago forgotten', () => {
    const writers = new InputWriters();
    for (let n = 0; n < 100; n++) writers.newPart(`writer ${n}`, 0n, bytes('x'));
    expect(writers.newPart('writer 99', 0n, bytes('x'))).toHaveLength(0);
    expect(writers.newPart('writer 0', 0n, bytes('x'))).toHaveLength(1);
  });
});
