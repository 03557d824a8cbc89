import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { framed, readFrames } from './dns-frames.ts';

async function* streamOf(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

async function framesOf(chunks: readonly Buffer[]): Promise<string[]> {
  const frames: string[] = [];
  for await (const frame of readFrames(streamOf(chunks))) frames.push(frame.toString('hex'));
  return frames;
}

/** The same bytes in pieces. */
function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let rest = bytes;
  for (const size of sizes) {
    pieces.push(rest.subarray(0, size));
    rest = rest.subarray(size);
  }
  return [...pieces, rest];
}

describe('readFrames', () => {
  it('gives the same messages however the stream is cut', async () => {
    const messages = fc.array(fc.uint8Array({ minLength: 12, maxLength: 80 }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(messages, fc.array(fc.nat(40)), async (list, sizes) => {
        const bytes = Buffer.concat(list.map((message) => framed(Buffer.from(message))));
        const expected = list.map((message) => Buffer.from(message).toString('hex'));
        expect(await framesOf(cut(bytes, sizes))).toEqual(expected);
      }),
    );
  });

  it('ends at a frame that cannot be DNS', async () => {
    const good = framed(Buffer.alloc(12, 1));
    const bad = framed(Buffer.alloc(11, 2));
    expect(await framesOf([good, bad, good])).toHaveLength(1);
  });

  it('gives no part of a message that was broken off', async () => {
    expect(await framesOf([framed(Buffer.alloc(20)).subarray(0, 21)])).toEqual([]);
  });
});
