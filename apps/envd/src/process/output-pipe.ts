import { Socket } from 'node:net';
import type { OutputQueue, OutputSource, OutputStream } from './output-queue.ts';

/** The reading end of a process's output, flowing into its queue. */
export class OutputPipe implements OutputSource {
  readonly #socket: Socket;
  /** Settles when every writer has closed the pipe and everything in it was read. */
  readonly closed: Promise<void>;
  #reads = 0;

  /** Takes over the descriptor `fd`. */
  constructor(fd: number, stream: OutputStream, queue: OutputQueue) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.once('close', resolve);
    // 'close' follows. A pipe that cannot be read has no more output; what was read is kept.
    this.#socket.on('error', () => undefined);
    this.#socket.on('data', (bytes: Buffer) => {
      this.#reads += 1;
      queue.push(stream, bytes);
    });
    queue.addSource(this);
  }

  /** Counts up with each piece that was read. */
  get reads(): number {
    return this.#reads;
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#socket.destroy();
  }
}
