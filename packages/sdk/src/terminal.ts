import { isObject, WrennApiError } from './error.ts';
import { UnconfirmedInput } from './unconfirmed-input.ts';
import { UnreadOutput } from './unread-output.ts';
import { toBase64 } from './wire.ts';

export interface TerminalOptions {
  /** How long it is tried to reach a server that went away, in ms; default 5 minutes. */
  readonly reconnectForMs?: number;
  /** Told when the way to the terminal stands still, and when it goes on. */
  readonly onStatus?: (status: TerminalStatus) => void;
  /** Told the size that the terminal has, and each that it gets, when it was attached to with `mode: 'view'`. */
  readonly onSize?: (size: TerminalSize) => void;
}

/** `paused`: its capsule is; what is typed wakes it, if it was made with `auto_resume`. */
export type TerminalStatus = 'connected' | 'reconnecting' | 'paused' | 'unreachable';

export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

export interface TerminalExit {
  readonly exitCode: number;
}

type Frame = Readonly<Record<string, unknown>>;

const reconnectForMs = 300_000;
const firstRetryMs = 100;
const longestRetryMs = 5_000;
/** For a connection to be made. */
const dialMs = 10_000;
/** The server says something every 30 s: after so long without a word there is none, whatever this machine believes. */
const silenceMs = 75_000;

/**
 * A program in a terminal of a capsule, as one client sees it. A connection that breaks is made again by itself: output
 * goes on with the byte after the last one, and what was typed arrives once. Read it with `for await`.
 */
export class Terminal implements AsyncIterable<Uint8Array> {
  /** Settles when the program has ended; rejects when the way to it is lost for good. */
  readonly exited: Promise<TerminalExit>;
  readonly #connect: () => WebSocket;
  readonly #options: TerminalOptions;
  readonly #exit = Promise.withResolvers<TerminalExit>();
  readonly #input = new UnconfirmedInput();
  readonly #unread = new UnreadOutput();
  #given = 0;
  readonly #writer = randomName();
  #first: Frame;
  #started = Promise.withResolvers<void>();
  #tag = '';
  #pid = 0;
  #next = 1;
  #socket: WebSocket | undefined;
  #state: 'open' | 'closed' = 'open';
  #isHeld = false;
  /** The server knows which terminal is meant, and what was lost on the way is being sent again first. */
  #isReady = false;
  #size: Frame | undefined;
  #kill: Frame | undefined;
  #lostAtMs: number | undefined;
  #retryMs = firstRetryMs;
  /** Of what is waited for: a connection, a word of the server, or the next try. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: (() => void) | undefined;

  private constructor(connect: () => WebSocket, first: Frame, options: TerminalOptions) {
    this.#connect = connect;
    this.#first = { ...first, output: 'binary', writer: this.#writer };
    this.#options = options;
    this.exited = this.#exit.promise;
    // Whoever does not wait for it reads of it while it reads.
    this.exited.catch(() => undefined);
  }

  static async open(
    connect: () => WebSocket,
    first: Frame,
    options: TerminalOptions,
    signal?: AbortSignal,
  ): Promise<Terminal> {
    signal?.throwIfAborted();
    const terminal = new Terminal(connect, first, options);
    const stop = () => terminal.#end(signal?.reason);
    signal?.addEventListener('abort', stop, { once: true });
    try {
      terminal.#dial();
      await terminal.#started.promise;
      return terminal;
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  /** What it is found by: `client.terminals.attach(id, tag)`. */
  get tag(): string {
    return this.#tag;
  }

  get pid(): number {
    return this.#pid;
  }

  /** The number of the frame of output after the last one that has come. */
  get next(): number {
    return this.#next;
  }

  /** The number of the frame that its reader was given last; 0 before the first. */
  get given(): number {
    return this.#given;
  }

  /** Types. Resolves when there is room for more, at once as a rule. */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
    for (const piece of await this.#input.add(bytes)) this.#sendInput(piece);
  }

  resize(cols: number, rows: number): void {
    this.#size = { type: 'resize', cols, rows };
    this.#send(this.#size);
  }

  /** Ends the program; as soon as there is a connection, if there is none now. */
  kill(): void {
    this.#kill = { type: 'kill' };
    this.#send(this.#kill);
  }

  /** Leaves it; the program goes on. */
  close(): void {
    this.#end(new WrennApiError({ code: 'closed', message: 'the terminal was left', status: 0 }));
  }

  /** What it prints, until the program has ended. Throws when the way to it is lost for good. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for (;;) {
      const output = this.#unread.take();
      if (output !== undefined) {
        this.#given = output.number;
        if (this.#isHeld && this.#unread.isHalfEmpty) this.#flow('go');
        yield output.bytes;
        continue;
      }
      if (this.#state === 'closed') {
        await this.exited;
        return;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }

  #dial(): void {
    const socket = this.#connect();
    this.#socket = socket;
    this.#after(dialMs, () => this.#lost());
    // One that was given up may still have something to say, which comes again by another.
    const heard = (hear: () => void) => {
      if (this.#socket !== socket || this.#state === 'closed') return;
      this.#after(silenceMs, () => this.#lost());
      hear();
    };
    // The key goes first, by a listener that was added before.
    socket.addEventListener('open', () => heard(() => socket.send(JSON.stringify(this.#first))));
    socket.addEventListener('message', ({ data }) => heard(() => this.#hear(data)));
    // What is wrong is not told to pages; a close follows.
    socket.addEventListener('error', () => undefined);
    socket.addEventListener('close', () => {
      if (this.#socket === socket && this.#state === 'open') this.#lost();
    });
  }

  #after(ms: number, then: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  #hear(data: unknown): void {
    if (data instanceof ArrayBuffer) {
      this.#output(data);
      return;
    }
    const frame: unknown = JSON.parse(String(data));
    if (!isObject(frame)) return;
    switch (frame['type']) {
      case 'started':
        this.#begin(frame);
        break;
      case 'ack':
        this.#input.confirm(Number(frame['offset']));
        break;
      case 'gap':
        this.#next = Number(frame['last']) + 1;
        break;
      case 'size':
        this.#options.onSize?.({ cols: Number(frame['cols']), rows: Number(frame['rows']) });
        break;
      case 'status':
        this.#options.onStatus?.(frame['status'] as TerminalStatus);
        break;
      case 'exit':
        this.#exit.resolve({ exitCode: Number(frame['exit_code']) });
        this.#end(undefined);
        break;
      case 'error':
        this.#end(faultOf(frame));
        break;
    }
  }

  #begin(frame: Frame): void {
    this.#tag = String(frame['tag']);
    this.#pid = Number(frame['pid']);
    this.#lostAtMs = undefined;
    this.#retryMs = firstRetryMs;
    const { mode } = this.#first;
    this.#first = {
      ...{ type: 'connect', tag: this.#tag, from: this.#next, mode },
      ...{ output: 'binary', writer: this.#writer },
    };
    this.#options.onStatus?.('connected');
    this.#started.resolve();
    this.#isReady = true;
    if (this.#size !== undefined) this.#send(this.#size);
    if (this.#kill !== undefined) this.#send(this.#kill);
    if (this.#isHeld) this.#flow('hold');
    for (const piece of this.#input.all()) this.#sendInput(piece);
  }

  #output(data: ArrayBuffer): void {
    const number = Number(new DataView(data).getBigUint64(0));
    const bytes = new Uint8Array(data, 8);
    this.#next = number + 1;
    this.#unread.add({ number, bytes });
    if (!this.#isHeld && this.#unread.isFull) this.#flow('hold');
    this.#wake?.();
  }

  #flow(state: 'hold' | 'go'): void {
    this.#isHeld = state === 'hold';
    this.#send({ type: 'flow', state });
  }

  #sendInput({ offset, bytes }: { readonly offset: number; readonly bytes: Uint8Array }): void {
    this.#send({ type: 'input', data: toBase64(bytes), offset });
  }

  /** While there is no connection it is said again once there is one. */
  #send(frame: Frame): void {
    if (this.#socket?.readyState === WebSocket.OPEN && this.#isReady)
      this.#socket.send(JSON.stringify(frame));
  }

  #lost(): void {
    this.#isReady = false;
    const lost = this.#socket;
    this.#socket = undefined;
    // One that is silent is given up by us.
    lost?.close();
    this.#lostAtMs ??= Date.now();
    const patience = this.#options.reconnectForMs ?? reconnectForMs;
    if (this.#tag === '' || Date.now() - this.#lostAtMs > patience) {
      const message = 'the connection to the terminal broke';
      this.#end(new WrennApiError({ code: 'connection_lost', message, status: 0, retryable: true }));
      return;
    }
    this.#options.onStatus?.('reconnecting');
    this.#first = { ...this.#first, from: this.#next };
    this.#after(this.#retryMs, () => this.#dial());
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2);
  }

  /** Nothing comes after it. */
  #end(fault: unknown): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#timer);
    if (fault !== undefined) {
      this.#exit.reject(fault);
      this.#started.reject(fault);
    }
    this.#input.end();
    this.#socket?.close();
    this.#wake?.();
  }
}

/** Not `randomUUID`, which pages have over HTTPS only. */
function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (number) => number.toString(36)).join('-');
}

function faultOf(frame: Frame): WrennApiError {
  const { error } = frame;
  const { code, message, remedy, field, retryable } = isObject(error) ? error : {};
  return new WrennApiError({
    code: String(code ?? 'error'),
    message: String(message ?? frame['data']),
    status: 0,
    ...(typeof remedy === 'string' ? { remedy } : {}),
    ...(typeof field === 'string' ? { field } : {}),
    ...(typeof retryable === 'boolean' ? { retryable } : {}),
  });
}
