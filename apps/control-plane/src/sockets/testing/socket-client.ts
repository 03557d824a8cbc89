import { deadline, until } from '@wrenn/core';
import { WebSocket } from 'ws';

type Frame = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A WebSocket of the API as a program without our client would use it: it keeps all that it is sent. */
export class SocketClient implements AsyncDisposable {
  readonly frames: Frame[] = [];
  readonly binary: Buffer[] = [];
  closed: { readonly code: number } | undefined;
  readonly socket: WebSocket;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.binary.push(data);
      else this.frames.push(JSON.parse(data.toString()));
    });
    socket.on('close', (code) => {
      this.closed = { code };
    });
    socket.on('error', () => undefined);
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<SocketClient> {
    const client = new SocketClient(new WebSocket(url.replace(/^http/, 'ws'), { headers }));
    await client.#until('open', () => client.socket.readyState !== WebSocket.CONNECTING);
    return client;
  }

  send(frame: object | Uint8Array): void {
    this.socket.send(frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Types into a terminal. */
  type(text: string): void {
    this.send({ type: 'input', data: Buffer.from(text).toString('base64') });
  }

  /** The first frame of a type, now or later. */
  async frame(type: string): Promise<Frame> {
    return await this.#until(type, () => this.frames.find((frame) => frame.type === type));
  }

  async end(): Promise<{ readonly code: number }> {
    return await this.#until('the close', () => this.closed);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.end();
  }

  async #until<T>(what: string, look: () => T | false | undefined): Promise<T> {
    using limit = deadline(40_000, `waiting for ${what}; there is ${JSON.stringify(this.frames.slice(-3))}`);
    return await until(async () => look() || undefined, 5, limit);
  }
}
