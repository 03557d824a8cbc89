import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { gather } from './gather.ts';

describe('pieces that are gathered', () => {
  test.prop([fc.array(fc.uint8Array({ maxLength: 400 }))])('are whole and in order', async (given) => {
    const pieces = given.map((piece) => Buffer.from(piece));
    const stream = Readable.from(pieces.filter((piece) => piece.length > 0)).pipe(gather());
    expect(await buffer(stream)).toEqual(Buffer.concat(pieces));
  });

  it('are given at once when no more are there', async () => {
    const stream = gather();
    stream.write(Buffer.from('a'));
    stream.write(Buffer.from('b'));
    const [piece] = await stream.take(1).toArray();
    expect(String(piece)).toBe('ab');
  });
});
