import { once } from 'node:events';
import { createConnection } from 'node:net';
import { WrennError } from '@wrenn/core';

export interface Lifeline extends Disposable {
  /** Settles when the process at the other end is gone, however it ended, or when this is disposed. */
  readonly closed: Promise<void>;
}

/**
 * An idle connection to a Firecracker's API, which ends with the process: the only news of the end of one that is not a
 * child of ours. Firecracker serves ten connections at once, and leaves idle ones alone. Throws WrennError agent_error
 * when nobody listens.
 */
export async function lifeline(socketPath: string, signal: AbortSignal): Promise<Lifeline> {
  const socket = createConnection({ path: socketPath });
  const closed = Promise.withResolvers<void>();
  socket.once('close', () => closed.resolve());
  try {
    await once(socket, 'connect', { signal });
  } catch (cause) {
    socket.destroy();
    signal.throwIfAborted();
    throw new WrennError('agent_error', 'holding on to Firecracker: nobody listens at its socket', { cause });
  }
  // A process that is killed may reset the connection instead of ending it; `close` follows in either case.
  socket.on('error', () => undefined);
  socket.resume();
  return { closed: closed.promise, [Symbol.dispose]: () => void socket.destroy() };
}
