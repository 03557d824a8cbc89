import type { Credential } from './credential.ts';
import { errorFrom, WrennApiError } from './error.ts';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** Instead of a body: sent as it is, and as it comes. */
  readonly stream?: string | Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array>;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly idempotencyKey?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a body that is a stream needs, and types of browsers do not know. */
const halfDuplex = { duplex: 'half' } as const;

export type Fetch = typeof globalThis.fetch;

/** Sends requests with the credential, and turns everything that is not 2xx into a WrennApiError. */
export class Http {
  readonly #baseUrl: string;
  readonly #credential: Credential;
  readonly #fetch: Fetch;
  readonly #traceparent: () => string | undefined;

  constructor(
    baseUrl: string,
    credential: Credential,
    fetch: Fetch,
    traceparent: () => string | undefined = () => undefined,
  ) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#credential = credential;
    this.#fetch = fetch;
    this.#traceparent = traceparent;
  }

  /**
   * Opens a WebSocket. Browsers cannot set headers of one, so the key is its first message; others are sent after it. A
   * cookie comes along by itself.
   */
  socket(path: string): WebSocket {
    const socket = new WebSocket(`${this.#baseUrl.replace(/^http/, 'ws')}${path}`);
    socket.binaryType = 'arraybuffer';
    const credential = this.#credential;
    if (credential.kind === 'key')
      socket.addEventListener('open', () =>
        socket.send(JSON.stringify({ type: 'auth', token: credential.key })),
      );
    return socket;
  }

  async send({
    method,
    path,
    body,
    stream,
    accept = 'application/json',
    headers,
    idempotencyKey,
    signal,
  }: Call): Promise<Response> {
    const traceparent = this.#traceparent();
    const response = await this.#request(`${this.#baseUrl}${path}`, {
      method,
      headers: {
        ...(traceparent === undefined ? {} : { traceparent }),
        ...headers,
        accept,
        ...(this.#credential.kind === 'key' ? { 'x-api-key': this.#credential.key } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(stream === undefined ? {} : { body: stream, ...halfDuplex }),
      ...(signal === undefined ? {} : { signal }),
    });
    if (!response.ok) throw await errorFrom(response);
    return response;
  }

  async #request(url: string, init: RequestInit): Promise<Response> {
    try {
      return await this.#fetch(url, init);
    } catch (cause) {
      init.signal?.throwIfAborted();
      throw new WrennApiError(
        {
          code: 'unreachable',
          message: `${this.#baseUrl} cannot be reached`,
          status: 0,
          remedy: 'check that Wrenn runs there (`npm start`), and WRENN_BASE_URL',
          retryable: true,
        },
        { cause },
      );
    }
  }
}
