import { WrennError } from '@wrenn/core';
import { pageBytes } from '../engine/engine.ts';
import { layersOf, MapBuilder, type MemoryMap } from './memory-map.ts';

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

/** Throws `snapshot_refused` for whatever is not exactly what `encodeMap` writes. */
export function decodeMap(bytes: Buffer): MemoryMap {
  if (bytes.length < headBytes || !bytes.subarray(0, 8).equals(magic)) throw refused('it is no memory map');
  if (bytes.readUInt32LE(8) !== version) throw refused(`its version is ${bytes.readUInt32LE(8)}`);
  if (bytes.readUInt32LE(12) !== pageBytes) throw refused(`its pages have ${bytes.readUInt32LE(12)} bytes`);
  const memoryBytes = Number(bytes.readBigUInt64LE(16));
  const generation = bytes.readUInt32LE(24);
  const [layerCount, rangeCount] = [bytes.readUInt32LE(28), bytes.readUInt32LE(32)];
  const rangesAt = headBytes + layerCount * layerBytes;
  if (bytes.length !== rangesAt + rangeCount * rangeBytes) throw refused('its length is not what it says');
  const layers = Array.from({ length: layerCount }, (_, index) => {
    const at = headBytes + index * layerBytes;
    return bytes.toString('hex', at, at + layerBytes);
  });
  const builder = new MapBuilder();
  let end = 0;
  for (let at = rangesAt; at < bytes.length; at += rangeBytes) {
    const offset = bytes.readUInt32LE(at) * pageBytes;
    const length = bytes.readUInt32LE(at + 4) * pageBytes;
    const index = bytes.readUInt32LE(at + 8);
    const layer = layers[index];
    if (offset < end || length === 0 || offset + length > memoryBytes)
      throw refused('its ranges are out of order');
    if (index !== zeroLayer && layer === undefined) throw refused('a range names a layer that is not there');
    const layerOffset = Number(bytes.readBigUInt64LE(at + 16)) * pageBytes;
    builder.add(offset, length, layer === undefined ? 'zero' : { layer, offset: layerOffset });
    end = offset + length;
  }
  return { memoryBytes, generation, ranges: builder.ranges };
}

function refused(why: string): WrennError {
  return new WrennError('snapshot_refused', `the memory map cannot be read: ${why}`);
}
