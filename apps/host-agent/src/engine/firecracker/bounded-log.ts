import { closeSync, constants, fstatSync, lchownSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { systemCode, WrennError } from '@wrenn/core';
import { makeSpecialFile } from '@wrenn/sys';

/** Enough to see why a guest did not come up. */
const keptBytes = 16 << 10;
/** S_IFIFO: the VMM's user writes to it. */
const pipeMode = 0o010_600;

/**
 * The end of what a VMM logs, or its guest prints. It goes through a named pipe, so that a guest which makes it print for
 * ever fills neither a disk nor the agent: while nobody reads, what does not fit is lost, which Firecracker counts.
 */
export class BoundedLog implements Disposable {
  readonly #socket: Socket;
  #kept = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      const all = chunk.length >= keptBytes ? chunk : Buffer.concat([this.#kept, chunk]);
      this.#kept = Buffer.from(all.subarray(-keptBytes));
    });
    // Whoever asks for it gets what was there until then.
    socket.on('error', () => undefined);
    socket.unref();
  }

  /** Makes the pipe, or opens the one that is there. The VMM is to open it afterwards: a pipe that nobody reads refuses it. */
  static open(path: string, owner: { readonly uid: number; readonly gid: number }): BoundedLog {
    try {
      makeSpecialFile(Buffer.from(path), pipeMode, 0n);
      lchownSync(path, owner.uid, owner.gid);
    } catch (thrown) {
      if (systemCode(thrown) !== 'EEXIST') throw thrown;
    }
    // For writing too: so it never ends, and what was written last is there although the writer has ended.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    try {
      if (!fstatSync(fd).isFIFO()) throw new WrennError('agent_error', `${path} is no pipe`);
      return new BoundedLog(new Socket({ fd, readable: true, writable: false }));
    } catch (thrown) {
      closeSync(fd);
      throw thrown;
    }
  }

  /** Of what came until now. */
  tail(): Buffer {
    return this.#kept;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
