import type { Socket } from 'node:net';
import type { OutputLog, OutputSource, OutputStream } from './output-log.ts';

/** What a process writes to one descriptor, flowing into its log. */
export class OutputPipe implements OutputSource {
  readonly #socket: Socket;
  /** Settles when every writer has closed the other end and everything in it was read. */
  readonly closed: Promise<void>;
  #reads = 0;

  /** Takes over `socket`, which nobody reads yet. */
  constructor(socket: Socket, stream: OutputStream, log: OutputLog) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#socket = socket;
    this.#socket.once('close', resolve);
    // 'close' follows. What cannot be read has no more output, and what was read is kept: of a terminal whose last
    // program has closed it, EIO is the end.
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (bytes: Buffer) => {
      this.#reads += 1;
      log.push(stream, bytes);
    });
    log.addSource(this);
  }

  /** Counts up with each piece that was read. */
  get reads(): number {
    return this.#reads;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }
}
