import { readEvents } from './exec-stream.ts';
import type { Http } from './http.ts';
import type {
  CallOptions,
  Capsule,
  CreatedCapsule,
  CreateOptions,
  ExecEvent,
  ExecOptions,
  ExecResult,
  ListOptions,
} from './types.ts';
import { capsuleFrom, createdFrom, execBody, execResultFrom, toWire } from './wire.ts';

export class Capsules {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Resolves when commands can be run. The server goes on with it when the call is aborted. */
  async create(options: CreateOptions = {}, { signal }: CallOptions = {}): Promise<CreatedCapsule> {
    const body = toWire(options);
    const response = await this.#http.send({ method: 'POST', path: '/v1/capsules', body, signal });
    return createdFrom(await response.json());
  }

  /** Newest first, without those that are stopped or failed. */
  async list(options: ListOptions = {}, { signal }: CallOptions = {}): Promise<Capsule[]> {
    const query = new URLSearchParams();
    if (options.limit !== undefined) query.set('limit', String(options.limit));
    if (options.after !== undefined) query.set('after', options.after);
    const path = `/v1/capsules${query.size === 0 ? '' : `?${query}`}`;
    const response = await this.#http.send({ method: 'GET', path, signal });
    return ((await response.json()) as unknown[]).map(capsuleFrom);
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<Capsule> {
    const response = await this.#http.send({ method: 'GET', path: pathOf(id), signal });
    return capsuleFrom(await response.json());
  }

  /** Ends a capsule for good; succeeds for one that is stopped already. */
  async destroy(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.send({ method: 'DELETE', path: pathOf(id), signal });
  }

  /** Runs a command to its end. Aborting the call ends the command. */
  async exec(id: string, options: ExecOptions, { signal }: CallOptions = {}): Promise<ExecResult> {
    const body = execBody(options);
    const response = await this.#http.send({ method: 'POST', path: `${pathOf(id)}/exec`, body, signal });
    return execResultFrom(await response.json());
  }

  /** Runs a command and yields its output as it comes. Leaving the loop ends the command. */
  async *execStream(
    id: string,
    options: ExecOptions,
    { signal }: CallOptions = {},
  ): AsyncGenerator<ExecEvent, void> {
    const body = execBody(options);
    const accept = 'application/x-ndjson';
    const response = await this.#http.send({
      method: 'POST',
      path: `${pathOf(id)}/exec`,
      body,
      accept,
      signal,
    });
    yield* readEvents(response);
  }
}

function pathOf(id: string): string {
  return `/v1/capsules/${encodeURIComponent(id)}`;
}
