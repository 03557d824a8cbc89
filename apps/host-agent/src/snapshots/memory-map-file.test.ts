import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { pageBytes } from '../engine/engine.ts';
import { MapBuilder, MapCursor, type MemoryMap } from './memory-map.ts';
import { decodeMap, encodeMap } from './memory-map-file.ts';

const memoryPages = 1024;
const layers = ['0', '5', 'f'].map((digit) => digit.repeat(32));

const stretch = fc.record({
  gap: fc.nat(5),
  pages: fc.integer({ min: 1, max: 20 }),
  layer: fc.nat(layers.length),
  at: fc.oneof(fc.nat(1000), fc.constant(2 ** 40 - 20)),
});
const maps = fc.array(stretch, { maxLength: 30 }).map((stretches): MemoryMap => {
  const builder = new MapBuilder();
  let end = 0;
  for (const { gap, pages, layer: index, at } of stretches) {
    const layer = layers[index];
    const source = layer === undefined ? ('zero' as const) : { layer, offset: at * pageBytes };
    builder.add((end + gap) * pageBytes, pages * pageBytes, source);
    end += gap + pages;
  }
  return { memoryBytes: memoryPages * pageBytes, generation: 3, ranges: builder.ranges };
});

/** A map whose bytes may be changed one by one: two layers, zeros, 3 ranges. */
function smallMap(): Buffer {
  const ranges = [
    { offset: 0, length: pageBytes, source: { layer: layers[0] ?? '', offset: 0 } },
    { offset: 4 * pageBytes, length: 2 * pageBytes, source: 'zero' as const },
    { offset: 8 * pageBytes, length: pageBytes, source: { layer: layers[1] ?? '', offset: 5 * pageBytes } },
  ];
  return encodeMap({ memoryBytes: 16 * pageBytes, generation: 1, ranges });
}
const rangesAt = 40 + 2 * 16;

describe('decodeMap', () => {
  test.prop([maps])('gives back what was encoded', (map) => {
    expect(decodeMap(encodeMap(map))).toEqual(map);
  });

  const changes = fc.array(fc.tuple(fc.nat(10_000), fc.nat(255)), { minLength: 1, maxLength: 4 });
  test.prop([maps, changes, fc.nat(10_000)], { numRuns: 2000 })(
    'reads changed bytes as a map that would be written like that, or not at all',
    (map, each, cut) => {
      const whole = encodeMap(map);
      const bytes = cut % 4 === 0 ? whole.subarray(0, cut % (whole.length + 1)) : whole;
      for (const [at, value] of each) if (bytes.length > 0) bytes[at % bytes.length] = value;
      let read: MemoryMap;
      try {
        read = decodeMap(bytes);
      } catch (thrown) {
        // One of ours that says what is wrong, never one of a buffer that ended.
        expect(thrown).toMatchObject({
          name: 'Error',
          message: expect.stringMatching(/^(its?|a|zeros) /),
        });
        return;
      }
      expect(encodeMap(read).equals(bytes)).toBe(true);
    },
  );

  it.each<[string, (bytes: Buffer) => Buffer | number | bigint | undefined]>([
    ['no memory map', () => Buffer.alloc(40)],
    ['its version is 2', (bytes) => bytes.writeUInt32LE(2, 8)],
    ['its pages have 8192 bytes', (bytes) => bytes.writeUInt32LE(8192, 12)],
    ['not of whole pages', (bytes) => bytes.writeBigUInt64LE(16n * 4096n + 1n, 16)],
    ['not of whole pages', (bytes) => bytes.writeBigUInt64LE(0n, 16)],
    ['beyond all memory', (bytes) => bytes.writeBigUInt64LE(2n ** 53n, 16)],
    ['a field that this version does not know', (bytes) => bytes.writeUInt32LE(1, 36)],
    ['its length is not what it says', (bytes) => bytes.writeUInt32LE(3, 28)],
    ['its length is not what it says', (bytes) => bytes.writeUInt32LE(0xffff_ffff, 32)],
    ['its length is not what it says', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    ['its layers are out of order', (bytes) => bytes.copy(bytes, 56, 40, 56)],
    ['a field that this version does not know', (bytes) => bytes.writeUInt32LE(1, rangesAt + 12)],
    ['out of order', (bytes) => bytes.writeUInt32LE(0, rangesAt + 4)],
    ['out of order', (bytes) => bytes.writeUInt32LE(5, rangesAt + 4)],
    ['out of order', (bytes) => bytes.writeUInt32LE(9, rangesAt + 48 + 4)],
    ['a layer that is not there', (bytes) => bytes.writeUInt32LE(2, rangesAt + 8)],
    ['a layer that no range reads from', (bytes) => bytes.writeUInt32LE(1, rangesAt + 8)],
    ['zeros are at a place', (bytes) => bytes.writeBigUInt64LE(1n, rangesAt + 24 + 16)],
    ['beyond all memory', (bytes) => bytes.writeBigUInt64LE(2n ** 41n, rangesAt + 16)],
    ['beyond all memory', (bytes) => bytes.writeBigUInt64LE(2n ** 41n - 1n, rangesAt + 16)],
    [
      'two ranges for one',
      (bytes) => bytes.copy(bytes, rangesAt, rangesAt + 24, rangesAt + 48) && joined(bytes),
    ],
  ])('refuses a map with %s', (message, change) => {
    const bytes = smallMap();
    const changed = change(bytes);
    expect(() => decodeMap(Buffer.isBuffer(changed) ? changed : bytes)).toThrow(message);
  });
});

/** Two ranges of zeros that adjoin, and one layer for the third. */
function joined(bytes: Buffer): Buffer {
  bytes.writeUInt32LE(2, rangesAt);
  bytes.writeUInt32LE(1, 28);
  bytes.writeUInt32LE(0, rangesAt + 48 + 8);
  return Buffer.concat([bytes.subarray(0, 56), bytes.subarray(rangesAt)]);
}

describe('MapCursor', () => {
  const asked = fc.array(fc.tuple(fc.nat(10), fc.integer({ min: 1, max: 30 })), { maxLength: 20 });
  test.prop([maps, asked])(
    'cuts any ascending stretches into pieces of one source each',
    (map, stretches) => {
      const cursor = new MapCursor(map);
      let from = 0;
      for (const [gap, pages] of stretches) {
        const offset = from + gap * pageBytes;
        from = offset + pages * pageBytes;
        const pieces = [...cursor.pieces(offset, pages * pageBytes)];
        expect(pieces.flatMap(pagesOf)).toEqual(
          Array.from({ length: pages }, (_, index) => [
            offset + index * pageBytes,
            sourceAt(map, offset + index * pageBytes),
          ]),
        );
      }
    },
  );
});

function pagesOf(piece: { offset: number; length: number; source: unknown }) {
  const { offset, length, source } = piece;
  return Array.from({ length: length / pageBytes }, (_, index) => {
    const by = index * pageBytes;
    return [offset + by, isPlace(source) ? { ...source, offset: source.offset + by } : source];
  });
}

function isPlace(source: unknown): source is { layer: string; offset: number } {
  return typeof source === 'object';
}

function sourceAt({ ranges }: MemoryMap, at: number) {
  const range = ranges.find(({ offset, length }) => offset <= at && at < offset + length);
  if (range === undefined) return 'base';
  const { source } = range;
  return source === 'zero' ? source : { ...source, offset: source.offset + at - range.offset };
}
