import { addressOf, checked, nativeFunction, SystemCallError } from './libc.ts';

// SAFETY: the address is that of a typed array of as many structures as are named, referenced until the call returns.
const poll = nativeFunction('int poll(uintptr_t entries, unsigned long count, int timeout)');
const entryBytes = 8;
const readable = 1;

export interface Readiness {
  readonly isReadable: boolean;
  /** The other end has closed it, or it is in error. Both are told without being asked for. */
  readonly isOver: boolean;
}

/**
 * Waits until one of the descriptors is ready, for `timeoutMs` at the most; -1: for ever. It blocks the thread, so it is
 * for programs that do nothing else. Returns an answer for each descriptor. Throws SystemCallError.
 */
export function pollDescriptors(descriptors: readonly number[], timeoutMs: number): Readiness[] {
  const entries = Buffer.alloc(Math.max(1, descriptors.length) * entryBytes);
  for (const [index, fd] of descriptors.entries()) {
    entries.writeInt32LE(fd, index * entryBytes);
    entries.writeInt16LE(readable, index * entryBytes + 4);
  }
  const end = performance.now() + timeoutMs;
  for (let left = timeoutMs; ; left = timeoutMs < 0 ? -1 : Math.max(0, Math.ceil(end - performance.now()))) {
    try {
      checked('poll', poll(addressOf(entries), descriptors.length, left));
      break;
    } catch (thrown) {
      if (!(thrown instanceof SystemCallError) || thrown.code !== 'EINTR') throw thrown;
    }
  }
  return descriptors.map((_, index) => {
    const answer = entries.readInt16LE(index * entryBytes + 6);
    return { isReadable: (answer & readable) !== 0, isOver: (answer & ~readable) !== 0 };
  });
}
