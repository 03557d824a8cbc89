import { pageBytes } from '../engine/engine.ts';
import { layersOf, MapBuilder, type MapSource, type MemoryMap } from './memory-map.ts';

/** See docs/snapshots.md. All numbers are little endian. */
const magic = Buffer.from('WRENNMAP');
const version = 1;
const headBytes = 40;
const layerBytes = 16;
const rangeBytes = 24;
const zeroLayer = 0xffff_ffff;

export function encodeMap(map: MemoryMap): Buffer {
  const layers = layersOf(map);
  const indexes = new Map(layers.map((layer, index) => [layer, index]));
  const bytes = Buffer.alloc(headBytes + layers.length * layerBytes + map.ranges.length * rangeBytes);
  magic.copy(bytes, 0);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(pageBytes, 12);
  bytes.writeBigUInt64LE(BigInt(map.memoryBytes), 16);
  bytes.writeUInt32LE(map.generation, 24);
  bytes.writeUInt32LE(layers.length, 28);
  bytes.writeUInt32LE(map.ranges.length, 32);
  let at = headBytes;
  for (const layer of layers) at += bytes.write(layer, at, 'hex');
  for (const { offset, length, source } of map.ranges) {
    bytes.writeUInt32LE(offset / pageBytes, at);
    bytes.writeUInt32LE(length / pageBytes, at + 4);
    bytes.writeUInt32LE(source === 'zero' ? zeroLayer : (indexes.get(source.layer) ?? 0), at + 8);
    bytes.writeBigUInt64LE(source === 'zero' ? 0n : BigInt(source.offset / pageBytes), at + 16);
    at += rangeBytes;
  }
  return bytes;
}

/** Throws an error that says what is wrong, for whatever is not exactly what `encodeMap` writes. */
export function decodeMap(bytes: Buffer): MemoryMap {
  const { memoryBytes, generation, layerCount, rangeCount } = decodeHead(bytes);
  const rangesAt = headBytes + layerCount * layerBytes;
  if (bytes.length !== rangesAt + rangeCount * rangeBytes) throw new Error('its length is not what it says');
  const layers = decodeLayers(bytes, layerCount);
  const used = new Set<number>();
  const builder = new MapBuilder();
  let end = 0;
  for (let at = rangesAt; at < bytes.length; at += rangeBytes) {
    const offset = bytes.readUInt32LE(at) * pageBytes;
    const length = bytes.readUInt32LE(at + 4) * pageBytes;
    if (offset < end || length === 0 || offset + length > memoryBytes)
      throw new Error('its ranges are out of order');
    if (bytes.readUInt32LE(at + 12) !== 0)
      throw new Error('a range has a field that this version does not know');
    const index = bytes.readUInt32LE(at + 8);
    if (index !== zeroLayer) used.add(index);
    builder.add(offset, length, sourceOf(layers, index, readNumber(bytes, at + 16), length));
    end = offset + length;
  }
  if (used.size !== layerCount) throw new Error('it names a layer that no range reads from');
  if (builder.ranges.length !== rangeCount) throw new Error('it has two ranges for one');
  return { memoryBytes, generation, ranges: builder.ranges };
}

function decodeHead(bytes: Buffer) {
  if (bytes.length < headBytes || !bytes.subarray(0, 8).equals(magic)) throw new Error('it is no memory map');
  if (bytes.readUInt32LE(8) !== version) throw new Error(`its version is ${bytes.readUInt32LE(8)}`);
  if (bytes.readUInt32LE(12) !== pageBytes) throw new Error(`its pages have ${bytes.readUInt32LE(12)} bytes`);
  const memoryBytes = asSafe(readNumber(bytes, 16));
  if (memoryBytes === 0 || memoryBytes % pageBytes !== 0) throw new Error('its memory is not of whole pages');
  if (bytes.readUInt32LE(36) !== 0) throw new Error('it has a field that this version does not know');
  return {
    memoryBytes,
    generation: bytes.readUInt32LE(24),
    layerCount: bytes.readUInt32LE(28),
    rangeCount: bytes.readUInt32LE(32),
  };
}

/** Ascending, so none is there twice. */
function decodeLayers(bytes: Buffer, count: number): string[] {
  const layers: string[] = [];
  for (let index = 0; index < count; index++) {
    const at = headBytes + index * layerBytes;
    const layer = bytes.toString('hex', at, at + layerBytes);
    if (layer <= (layers.at(-1) ?? '')) throw new Error('its layers are out of order');
    layers.push(layer);
  }
  return layers;
}

function sourceOf(layers: readonly string[], index: number, page: number, length: number): MapSource {
  if (index === zeroLayer) {
    if (page !== 0) throw new Error('zeros are at a place in a layer');
    return 'zero';
  }
  const layer = layers[index];
  if (layer === undefined) throw new Error('a range names a layer that is not there');
  const offset = page * pageBytes;
  asSafe(offset + length);
  return { layer, offset };
}

/** Of 8 bytes; not exact, but beyond what is safe, where it is that large. A BigInt for each range takes longer than all else. */
function readNumber(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * 2 ** 32 + bytes.readUInt32LE(at);
}

function asSafe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new Error('a number of bytes is beyond all memory');
  return value;
}
