import { open } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';

/**
 * Of the header of a qcow2 file of version 3, in bytes, from QEMU's docs/interop/qcow2.txt. Numbers are big endian.
 */
const header = { magic: 0, version: 4, backingOffset: 8, backingLength: 16, incompatible: 72 } as const;
const magic = 0x514649fb;
const longestName = 1023;
/** A feature that a reader has to know: the content is in another file, which the header names. */
const hasDataFile = 1n << 2n;
/** Of the start of a file; header, extensions and name are in it. */
export const headBytes = 4096;

/** What a qcow2 file lies on, as it names it; undefined when on nothing. Refuses one whose content is elsewhere. */
export async function backingOf(path: string): Promise<string | undefined> {
  const head = Buffer.alloc(headBytes);
  await using file = await open(path, 'r');
  await file.read(head, 0, head.length, 0);
  checkHead(head);
  const { at, length } = nameIn(head);
  return at === 0 ? undefined : head.toString('utf8', at, at + length);
}

/** Puts another backing file into the start of a qcow2 file. */
export function nameBacking(head: Buffer, backing: string): void {
  checkHead(head);
  const { at, length } = nameIn(head);
  const name = Buffer.from(backing);
  if (at === 0) throw refused('it has no backing file');
  if (name.length > longestName || at + name.length > head.length)
    throw refused(`there is no room for the name of its backing file, ${backing}`);
  // The name comes last; what is behind it must be nothing.
  if (head.subarray(at + length, at + Math.max(length, name.length)).some((byte) => byte !== 0))
    throw refused('something follows the name of its backing file');
  head.fill(0, at, at + length);
  name.copy(head, at);
  head.writeUInt32BE(name.length, header.backingLength);
}

function checkHead(head: Buffer): void {
  if (head.readUInt32BE(header.magic) !== magic || head.readUInt32BE(header.version) !== 3)
    throw refused('it is no qcow2 file of version 3');
  if ((head.readBigUInt64BE(header.incompatible) & hasDataFile) !== 0n)
    throw refused('its content is in another file');
}

/** Where the name of the backing file is; at 0 when there is none. */
function nameIn(head: Buffer): { at: number; length: number } {
  const at = Number(head.readBigUInt64BE(header.backingOffset));
  const length = head.readUInt32BE(header.backingLength);
  if (at !== 0 && (length > longestName || at + length > head.length))
    throw refused('the name of its backing file is not where it should be');
  return { at, length };
}

function refused(why: string): WrennError {
  return new WrennError('agent_error', `this disk cannot be used: ${why}`);
}
