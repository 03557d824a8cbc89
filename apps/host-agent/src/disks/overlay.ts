import { constants, copyFile, open, rm } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';

export interface OverlayOptions {
  /** Where it is made; nothing may be there. */
  readonly path: string;
  /** The disk that it lies on, by an absolute path. */
  readonly backing: string;
  /** An empty overlay of the same size that qemu-img made. */
  readonly like: string;
  readonly owner: { readonly uid: number; readonly gid: number };
}

/** Of the header of a qcow2 file, in bytes, from QEMU's docs/interop/qcow2.txt. Numbers are big endian. */
const header = { magic: 0, version: 4, backingOffset: 8, backingLength: 16 } as const;
const magic = 0x514649fb;
const longestName = 1023;
/** Of the start of the file; header, extensions and name are in it. */
const headBytes = 4096;

/**
 * Makes an empty qcow2 overlay without starting a program, which would take longer than all the rest of a start: a copy
 * of an empty one, with another backing file named in its header.
 */
export async function makeOverlay({ path, backing, like, owner }: OverlayOptions): Promise<void> {
  await copyFile(like, path, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
  try {
    await using file = await open(path, 'r+');
    const head = Buffer.alloc(headBytes);
    await file.read(head, 0, head.length, 0);
    nameBacking(head, backing);
    await file.write(head, 0, head.length, 0);
    await file.chmod(0o600);
    await file.chown(owner.uid, owner.gid);
  } catch (thrown) {
    await rm(path, { force: true });
    throw thrown;
  }
}

/** Puts another backing file into the start of a qcow2 file. */
export function nameBacking(head: Buffer, backing: string): void {
  if (head.readUInt32BE(header.magic) !== magic || head.readUInt32BE(header.version) !== 3)
    throw refused('it is no qcow2 file of version 3');
  const at = Number(head.readBigUInt64BE(header.backingOffset));
  const before = head.readUInt32BE(header.backingLength);
  const name = Buffer.from(backing);
  if (at === 0) throw refused('it has no backing file');
  if (name.length > longestName || at + name.length > head.length)
    throw refused(`there is no room for the name of its backing file, ${backing}`);
  // The name comes last; what is behind it must be nothing.
  if (head.subarray(at + before, at + Math.max(before, name.length)).some((byte) => byte !== 0))
    throw refused('something follows the name of its backing file');
  head.fill(0, at, at + before);
  name.copy(head, at);
  head.writeUInt32BE(name.length, header.backingLength);
}

function refused(why: string): WrennError {
  return new WrennError('agent_error', `making a disk from an empty one: ${why}`);
}
