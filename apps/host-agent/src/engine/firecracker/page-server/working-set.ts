import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { pageBytes } from '../../engine.ts';

/** A part of the guest's memory, in bytes, of whole pages. */
export interface Part {
  readonly offset: number;
  readonly length: number;
}

const magic = Buffer.from('WRENNWS1');
const entryBytes = 8;
/** More would be more than anybody should wait for; half a MiB as a file. */
const mostParts = 65_536;

/**
 * Which parts of its memory a machine came to need, in that order: what was noted before comes first, since nobody knows
 * whether the guest touched what was there already.
 */
export class WorkingSet {
  readonly #parts: Part[] = [];
  /** By where they begin. */
  readonly #longest = new Map<number, number>();

  get parts(): readonly Part[] {
    return this.#parts;
  }

  /** Does nothing for what begins where a longer one does. */
  add(part: Part): void {
    if (this.#parts.length >= mostParts || (this.#longest.get(part.offset) ?? 0) >= part.length) return;
    this.#longest.set(part.offset, part.length);
    this.#parts.push(part);
  }
}

/** Little endian: the magic, and for each part its first page and how many they are. */
export function encodeWorkingSet(parts: readonly Part[]): Buffer {
  const bytes = Buffer.alloc(magic.length + parts.length * entryBytes);
  magic.copy(bytes);
  for (const [index, { offset, length }] of parts.entries()) {
    const at = magic.length + index * entryBytes;
    bytes.writeUInt32LE(offset / pageBytes, at);
    bytes.writeUInt32LE(length / pageBytes, at + 4);
  }
  return bytes;
}

/** The parts, or undefined for what is no working set of a memory of this size: it is a hint, so nothing fails for it. */
export function decodeWorkingSet(bytes: Buffer, memoryBytes: number): Part[] | undefined {
  const body = bytes.subarray(magic.length);
  if (!bytes.subarray(0, magic.length).equals(magic) || body.length % entryBytes !== 0) return undefined;
  if (body.length / entryBytes > mostParts) return undefined;
  const parts: Part[] = [];
  for (let at = 0; at < body.length; at += entryBytes) {
    const offset = body.readUInt32LE(at) * pageBytes;
    const length = body.readUInt32LE(at + 4) * pageBytes;
    if (length === 0 || offset + length > memoryBytes) return undefined;
    parts.push({ offset, length });
  }
  return parts;
}

/** Nothing where there is no file, or one that is of no use. */
export function readWorkingSet(path: string | undefined, memoryBytes: number): Part[] {
  if (path === undefined) return [];
  try {
    return decodeWorkingSet(readFileSync(path), memoryBytes) ?? [];
  } catch {
    // A hint that cannot be read is none.
    return [];
  }
}

/** Replaces the file as a whole, where that can be done: nobody waits for a hint, and no machine ends for want of room for it. */
export function writeWorkingSet(path: string, parts: readonly Part[]): void {
  const draft = `${path}.new`;
  try {
    writeFileSync(draft, encodeWorkingSet(parts), { mode: 0o600 });
    renameSync(draft, path);
  } catch {
    rmSync(draft, { force: true });
  }
}
