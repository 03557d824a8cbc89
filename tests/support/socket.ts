import { deadline, until } from '@wrenn/core';
import { WebSocket } from 'ws';
import { commandEnvironment } from './client.ts';

export type Frame = { readonly type: string } & Readonly<Record<string, unknown>>;

/** A WebSocket of the API as a program without our client would use it: it keeps all that it is sent. */
export class TestSocket implements AsyncDisposable {
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

  /** `headers` instead of the key. */
  static async open(path: string, headers?: Record<string, string>): Promise<TestSocket> {
    const { WRENN_BASE_URL: baseUrl = '', WRENN_API_KEY: key = '' } = commandEnvironment();
    const url = `${baseUrl.replace(/^http/, 'ws')}${path}`;
    const socket = new TestSocket(new WebSocket(url, { headers: headers ?? { 'x-api-key': key } }));
    await socket.#until('open', () => socket.socket.readyState !== WebSocket.CONNECTING);
    return socket;
  }

  send(frame: object | Uint8Array): void {
    this.socket.send(frame instanceof Uint8Array ? frame : JSON.stringify(frame));
  }

  /** Types into a terminal. */
  type(text: string): void {
    this.send({ type: 'input', data: Buffer.from(text).toString('base64') });
  }

  /** The first frame of a type, now or later. */
  async frame(type: string, withinMs?: number): Promise<Frame> {
    return await this.#until(type, () => this.frames.find((frame) => frame.type === type), withinMs);
  }

  async end(): Promise<{ readonly code: number }> {
    return await this.#until('the close', () => this.closed);
  }

  /** All output of a terminal or process so far, in either form. */
  get output(): Buffer {
    const text = this.frames
      .filter(({ type }) => type === 'output')
      .map(({ data }) => Buffer.from(String(data), 'base64'));
    return Buffer.concat([...text, ...this.binary.map((data) => data.subarray(8))]);
  }

  async outputWith(text: string): Promise<string> {
    return await this.#until(`output with ${text}`, () => {
      const output = this.output.toString();
      return output.includes(text) ? output : undefined;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.close();
    await this.end();
  }

  async #until<T>(what: string, look: () => T | false | undefined, withinMs = 60_000): Promise<T> {
    using limit = deadline(
      withinMs,
      `waiting for ${what}; there is ${JSON.stringify(this.frames.slice(-3))}`,
    );
    return await until(async () => look() || undefined, 5, limit);
  }
}
