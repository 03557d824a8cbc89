import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The server's open connections. A restored machine comes with connections whose other ends are long gone or, worse,
 * belong to the machine it was copied from; they are found here and closed.
 */
export class ConnectionTracker {
  readonly #open = new Map<Socket, AbortController>();

  attach(server: Server): void {
    server.on('connection', (socket: Socket) => {
      const gone = new AbortController();
      this.#open.set(socket, gone);
      socket.once('close', () => {
        this.#open.delete(socket);
        gone.abort();
      });
    });
  }

  /** Aborts when `socket` is closed. */
  goneSignal(socket: Socket): AbortSignal {
    return this.#open.get(socket)?.signal ?? AbortSignal.abort();
  }

  /** Resets every connection but `kept`, and says how many there were. One packet each, and nothing waits for them. */
  closeAllBut(kept: Socket): number {
    const others = [...this.#open.keys()].filter((socket) => socket !== kept);
    for (const socket of others) socket.resetAndDestroy();
    return others.length;
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }
}
