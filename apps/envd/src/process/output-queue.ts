export type OutputStream = 'stdout' | 'stderr';
export interface OutputChunk {
  readonly stream: OutputStream;
  readonly bytes: Uint8Array;
}

/** What a queue fills from, and holds up while it is full. */
export interface OutputSource {
  pause(): void;
  resume(): void;
}

/** The largest chunk that goes out as one event. */
export const chunkBytes = 32 * 1024;
/** More than this waiting for the reader stops the reading from the process's pipes. */
const highWaterBytes = 256 * 1024;
/** What a waiting chunk costs besides its bytes: a program that writes single bytes must not fill the memory. */
const chunkOverheadBytes = 512;

type State =
  | { readonly kind: 'open' }
  /** Nobody reads any more: what comes is dropped, so that the process can go on. */
  | { readonly kind: 'discarding' }
  | { readonly kind: 'ended' };

/**
 * The output of one process on its way to one reader, in the order it was read from the pipes.
 *
 * At most `highWaterBytes` and one read of each pipe wait here; then the sources pause, the pipes fill, and the
 * process itself waits.
 */
export class OutputQueue {
  readonly #sources: OutputSource[] = [];
  #chunks: OutputChunk[] = [];
  #bytes = 0;
  #state: State = { kind: 'open' };
  #reader: (() => void) | undefined;

  addSource(source: OutputSource): void {
    this.#sources.push(source);
  }

  /** What waits, with the cost of each chunk. */
  get waitingBytes(): number {
    return this.#bytes;
  }

  /** Full: the sources are held up until the reader has caught up. */
  get isHoldingUp(): boolean {
    return this.#state.kind === 'open' && this.#bytes >= highWaterBytes;
  }

  push(stream: OutputStream, bytes: Uint8Array): void {
    if (this.#state.kind !== 'open') return;
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const chunk = { stream, bytes: bytes.subarray(at, at + chunkBytes) };
      this.#chunks.push(chunk);
      this.#bytes += costOf(chunk);
    }
    if (this.isHoldingUp) for (const source of this.#sources) source.pause();
    this.#wakeReader();
  }

  /** No more output will come; what waits can still be taken. */
  end(): void {
    if (this.#state.kind === 'open') this.#state = { kind: 'ended' };
    this.#wakeReader();
  }

  /** The reader is gone for good. */
  discard(): void {
    this.#state = { kind: 'discarding' };
    this.#chunks = [];
    this.#bytes = 0;
    for (const source of this.#sources) source.resume();
    this.#wakeReader();
  }

  /** The next chunk that waits, or undefined when there is none right now. */
  take(): OutputChunk | undefined {
    const wasHoldingUp = this.isHoldingUp;
    const chunk = this.#chunks.shift();
    if (chunk === undefined) return undefined;
    this.#bytes -= costOf(chunk);
    if (wasHoldingUp && !this.isHoldingUp) for (const source of this.#sources) source.resume();
    return chunk;
  }

  /** Nothing waits and nothing will come. */
  get isDrained(): boolean {
    return this.#state.kind !== 'open' && this.#chunks.length === 0;
  }

  /** Settles as soon as something waits or the queue is drained. One reader at a time. */
  readable(): Promise<void> {
    if (this.#chunks.length > 0 || this.isDrained) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#reader = resolve;
    return promise;
  }

  #wakeReader(): void {
    this.#reader?.();
    this.#reader = undefined;
  }
}

function costOf(chunk: OutputChunk): number {
  return chunk.bytes.length + chunkOverheadBytes;
}
