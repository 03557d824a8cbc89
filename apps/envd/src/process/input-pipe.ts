import { Socket } from 'node:net';
import { checkInputLimit, closedInput } from './input-limit.ts';

/** The writing end of a process's standard input. */
export class InputPipe {
  readonly #socket: Socket;
  #waitingBytes = 0;

  /** Takes over the descriptor `fd`. */
  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true });
    // EPIPE: the process closed its standard input or ended. Each write reports it to its own caller.
    this.#socket.on('error', () => undefined);
  }

  /**
   * Settles when the pipe has taken all of `bytes`, which waits for a process that is slow to read.
   * Throws `invalid_state` when standard input is closed on either side, and `rate_limited` when too much waits.
   */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#socket.writableEnded || this.#socket.destroyed) throw closedInput();
    checkInputLimit(this.#waitingBytes, bytes.length);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waitingBytes += bytes.length;
    this.#socket.write(bytes, (fault) => {
      this.#waitingBytes -= bytes.length;
      if (fault) reject(closedInput(fault));
      else resolve();
    });
    await promise;
  }

  /** The process reads an end of file after what was written before. Closing twice is no fault. */
  end(): void {
    this.#socket.end();
  }

  /** Nobody can read it any more. */
  close(): void {
    this.#socket.destroy();
  }
}
