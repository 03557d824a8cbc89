import { WrennError } from '@wrenn/core';
import type { WebSocket } from 'ws';
import { sockets } from '../metrics/metrics.ts';

/** A message as the client sent it. */
export type Message =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'binary'; readonly bytes: Buffer };

/** What a client may send ahead of what is done with it; beyond either bound its socket is not read. */
const mostWaiting = 256;
const mostWaitingBytes = 1024 * 1024;
/** What may wait for a client to read it; beyond that the sender waits. */
const mostUnsentBytes = 1024 * 1024;
/** For a client that is cut off to say that it has heard it. */
const closeMs = 1_000;

/**
 * One WebSocket, with back-pressure both ways: a client that sends faster than it is heard is not read from, and one
 * that does not read holds up only who sends to it. Closed by whoever made it.
 */
export class Channel {
  /** Aborts when the connection is over, whoever ended it. */
  readonly closed: AbortSignal;
  readonly #socket: WebSocket;
  readonly #over = new AbortController();
  readonly #waiting: Message[] = [];
  #waitingBytes = 0;
  #input: 'kept' | 'dropped' = 'kept';
  #wake: (() => void) | undefined;

  /** `pingMs` is between two signs of life; a client that answers none of two is gone. */
  constructor(socket: WebSocket, pingMs: number) {
    this.#socket = socket;
    this.closed = this.#over.signal;
    socket.on('message', (data, isBinary) => this.#take(data as Buffer, isBinary));
    socket.on('close', () => this.#over.abort(new WrennError('cancelled', 'the client went away')));
    // It is followed by a close, which says all that matters here.
    socket.on('error', () => undefined);
    this.closed.addEventListener('abort', () => this.#wake?.());
    this.#watchLife(pingMs);
  }

  /**
   * The next message; undefined when the connection is over, or `signal` aborts. What was sent before the end is given
   * first. For one reader at a time.
   */
  async next(signal: AbortSignal = this.closed): Promise<Message | undefined> {
    const wake = () => this.#wake?.();
    signal.addEventListener('abort', wake);
    try {
      while (this.#waiting.length === 0) {
        if (this.closed.aborted || signal.aborted) return undefined;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
      }
    } finally {
      signal.removeEventListener('abort', wake);
    }
    const message = this.#waiting.shift();
    this.#waitingBytes -= message === undefined ? 0 : sizeOf(message);
    if (this.#socket.isPaused && this.#hasRoom()) this.#socket.resume();
    return message;
  }

  /**
   * Returns when it is sent, or soon will be: while the client reads slower, it waits. Does nothing once the connection
   * is over, or about to be, for which it waits.
   */
  async send(frame: object | Uint8Array): Promise<void> {
    if (this.closed.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#socket.readyState === this.#socket.OPEN) {
      const data = frame instanceof Uint8Array ? frame : JSON.stringify(frame);
      this.#socket.send(data, () => resolve());
      sockets.bytes.inc({ direction: 'out' }, data.length);
      if (this.#socket.bufferedAmount <= mostUnsentBytes) return;
    }
    const stop = () => resolve();
    this.closed.addEventListener('abort', stop);
    try {
      await promise;
    } finally {
      this.closed.removeEventListener('abort', stop);
    }
  }

  /** For sockets that take no input: what the client sends is read and dropped, so that its end is heard behind it. */
  ignoreInput(): void {
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#dropInput();
  }

  /** `code` is one of RFC 6455, 7.4.1. What was read before is still given; what comes after is dropped. */
  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
    this.#dropInput();
  }

  #dropInput(): void {
    this.#input = 'dropped';
    if (this.#socket.isPaused) this.#socket.resume();
  }

  /** Says why it ends, and from this moment on hears nothing of the client, whatever that still sends. */
  cutOff(code: number, error: WrennError): void {
    this.#socket.removeAllListeners('message');
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    void this.send({ type: 'error', data: error.message, fatal: true, error });
    this.#socket.close(code, error.code);
    this.#over.abort(error);
    const late = setTimeout(() => this.#socket.terminate(), closeMs);
    this.#socket.once('close', () => clearTimeout(late));
  }

  #take(data: Buffer, isBinary: boolean): void {
    if (this.#input === 'dropped') return;
    const message: Message = isBinary
      ? { kind: 'binary', bytes: data }
      : { kind: 'text', text: data.toString('utf8') };
    this.#waiting.push(message);
    this.#waitingBytes += sizeOf(message);
    sockets.bytes.inc({ direction: 'in' }, sizeOf(message));
    if (!this.#hasRoom()) this.#socket.pause();
    this.#wake?.();
  }

  #hasRoom(): boolean {
    return this.#waiting.length < mostWaiting && this.#waitingBytes < mostWaitingBytes;
  }

  #watchLife(pingMs: number): void {
    const socket = this.#socket;
    let unanswered = 0;
    const heard = () => {
      unanswered = 0;
    };
    // An answer may be far behind what else it sends.
    socket.on('pong', heard).on('message', heard);
    const timer = setInterval(() => {
      // One that we do not read from cannot be heard to answer, but what is sent to one that is gone comes back as a
      // fault: as soon as something waits to be sent, or is sent now.
      if (socket.isPaused && socket.bufferedAmount > 0) return;
      if (!socket.isPaused) {
        if (unanswered === 2) return socket.terminate();
        unanswered += 1;
      }
      socket.ping();
      // For proxies and clients that see only messages.
      socket.send('{"type":"ping"}');
    }, pingMs);
    this.closed.addEventListener('abort', () => clearInterval(timer), { once: true });
  }
}

function sizeOf(message: Message): number {
  return message.kind === 'text' ? message.text.length : message.bytes.length;
}
