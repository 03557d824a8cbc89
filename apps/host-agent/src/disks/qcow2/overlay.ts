import { constants, copyFile, open, rm } from 'node:fs/promises';
import { headBytes, nameBacking } from './backing.ts';

export interface OverlayOptions {
  /** Where it is made; nothing may be there. */
  readonly path: string;
  /** The disk that it lies on, by an absolute path. */
  readonly backing: string;
  /** An empty overlay of the same size that qemu-img made. */
  readonly like: string;
  readonly owner: { readonly uid: number; readonly gid: number };
}

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
