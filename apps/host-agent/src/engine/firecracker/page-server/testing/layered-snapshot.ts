import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type MemoryRange, pageBytes } from '../../../engine.ts';

/** Pages in a row that a snapshot's parent does not have so. */
export interface Overlay {
  readonly firstPage: number;
  readonly pages: number;
  readonly layer: 'zero' | number;
}

export interface LayeredSnapshot {
  readonly base: string;
  readonly changes: readonly MemoryRange[];
  readonly layers: readonly string[];
  /** All of the memory, as a guest must see it. */
  readonly expected: Buffer;
}

/**
 * Files of a snapshot whose memory is a base with overlays above it, each over those before. No two pages are alike, and
 * none is where it would be if its layer were the whole memory. Only root may read the files.
 */
export async function writeLayeredSnapshot(
  folder: string,
  pages: number,
  overlays: readonly Overlay[],
): Promise<LayeredSnapshot> {
  const expected = Buffer.concat(Array.from({ length: pages }, (_, page) => pageOf(0, page)));
  const base = join(folder, 'base');
  await writeFile(base, expected, { mode: 0o600 });
  const sources = sourcesOf(pages, overlays);
  const layers = new Map<number, Buffer[]>();
  const changes: MemoryRange[] = [];
  for (const { offset, length, layer } of runsOf(sources)) {
    if (layer === 'zero') {
      expected.fill(0, offset, offset + length);
      changes.push({ offset, length, content: 'zero' });
      continue;
    }
    // Something that nobody asks for is before each piece.
    const pieces = layers.get(layer) ?? [];
    layers.set(layer, pieces);
    pieces.push(pageOf(layer, -1));
    const content = { path: join(folder, `layer-${layer}`), offset: lengthOf(pieces) };
    for (let at = offset; at < offset + length; at += pageBytes) {
      const bytes = pageOf(layer, at / pageBytes);
      bytes.copy(expected, at);
      pieces.push(bytes);
    }
    changes.push({ offset, length, content });
  }
  const paths: string[] = [];
  for (const [layer, pieces] of layers) {
    const path = join(folder, `layer-${layer}`);
    await writeFile(path, Buffer.concat(pieces), { mode: 0o600 });
    paths.push(path);
  }
  return { base, changes, layers: paths, expected };
}

/** Which layer each page is from; undefined: the base. */
function sourcesOf(pages: number, overlays: readonly Overlay[]): (Overlay['layer'] | undefined)[] {
  const sources = new Array<Overlay['layer'] | undefined>(pages).fill(undefined);
  for (const { firstPage, pages: count, layer } of overlays)
    sources.fill(layer, firstPage, firstPage + count);
  return sources;
}

function* runsOf(sources: readonly (Overlay['layer'] | undefined)[]) {
  for (let page = 0; page < sources.length; ) {
    const layer = sources[page];
    let end = page + 1;
    while (end < sources.length && sources[end] === layer) end++;
    if (layer !== undefined) yield { offset: page * pageBytes, length: (end - page) * pageBytes, layer };
    page = end;
  }
}

/** Bytes that say which page of which layer they are. */
function pageOf(layer: number, page: number): Buffer {
  const words = new Uint32Array(pageBytes / 4).fill(page * 16 + layer);
  words[0] = Math.imul(page + 1, 0x9e3779b1) ^ layer;
  return Buffer.from(words.buffer);
}

function lengthOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
