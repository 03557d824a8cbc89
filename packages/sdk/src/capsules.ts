import { readEvents } from './exec-stream.ts';
import type { Http } from './http.ts';
import type {
  CallOptions,
  Capsule,
  CapsuleMetrics,
  CheckpointOptions,
  CreatedCapsule,
  CreatedSnapshot,
  CreateOptions,
  ExecEvent,
  ExecOptions,
  ExecResult,
  Forked,
  ForkOptions,
  ListOptions,
  MetricsRange,
  PausedCapsule,
  ResumedCapsule,
  ResumeOptions,
} from './types.ts';
import { answerOf, execBody, toWire } from './wire.ts';

export class Capsules {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Resolves when commands can be run. The server goes on with it when the call is aborted. */
  async create(options: CreateOptions = {}, call: CallOptions = {}): Promise<CreatedCapsule> {
    return answerOf(await this.#post('/v1/capsules', toWire(options), call));
  }

  /** Takes it to disk with memory and all; resolves when that is durable. */
  async pause(id: string, call: CallOptions = {}): Promise<PausedCapsule> {
    return answerOf(await this.#post(`${pathOf(id)}/pause`, undefined, call));
  }

  /** Resolves when commands can be run again. */
  async resume(id: string, options: ResumeOptions = {}, call: CallOptions = {}): Promise<ResumedCapsule> {
    return answerOf(await this.#post(`${pathOf(id)}/resume`, toWire(options), call));
  }

  /** Keeps it from being paused for another timeout. */
  async ping(id: string, call: CallOptions = {}): Promise<void> {
    await this.#post(`${pathOf(id)}/ping`, undefined, call);
  }

  /** Starts capsules from the state that this one has now; it goes on as it was, running or paused. */
  async fork(id: string, options: ForkOptions = {}, call: CallOptions = {}): Promise<Forked> {
    return answerOf(await this.#post(`${pathOf(id)}/fork`, toWire(options), call));
  }

  /** Keeps the state that it has now as a snapshot; it goes on as it was. */
  async checkpoint(
    id: string,
    options: CheckpointOptions = {},
    call: CallOptions = {},
  ): Promise<CreatedSnapshot> {
    return answerOf(await this.#post(`${pathOf(id)}/checkpoint`, toWire(options), call));
  }

  /** Newest first, without those that are stopped or failed. */
  async list(options: ListOptions = {}, { signal }: CallOptions = {}): Promise<Capsule[]> {
    const query = new URLSearchParams();
    if (options.limit !== undefined) query.set('limit', String(options.limit));
    if (options.after !== undefined) query.set('after', options.after);
    const path = `/v1/capsules${query.size === 0 ? '' : `?${query}`}`;
    const response = await this.#http.send({ method: 'GET', path, signal });
    return answerOf(response);
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<Capsule> {
    const response = await this.#http.send({ method: 'GET', path: pathOf(id), signal });
    return answerOf(response);
  }

  /** What it used of its processors, memory and disk, as its guest sees it; of a paused one, up to its pause. */
  async metrics(
    id: string,
    range: MetricsRange = '10m',
    { signal }: CallOptions = {},
  ): Promise<CapsuleMetrics> {
    const path = `${pathOf(id)}/metrics?range=${range}`;
    return answerOf(await this.#http.send({ method: 'GET', path, signal }));
  }

  /** Ends a capsule for good; succeeds for one that is stopped already. */
  async destroy(id: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#http.send({ method: 'DELETE', path: pathOf(id), signal });
  }

  /** Runs a command to its end. Aborting the call ends the command. */
  async exec(id: string, options: ExecOptions, { signal }: CallOptions = {}): Promise<ExecResult> {
    const body = execBody(options);
    const response = await this.#http.send({ method: 'POST', path: `${pathOf(id)}/exec`, body, signal });
    return answerOf(response);
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

  #post(path: string, body: object | undefined, { signal, idempotencyKey }: CallOptions): Promise<Response> {
    return this.#http.send({ method: 'POST', path, body, signal, idempotencyKey });
  }
}

function pathOf(id: string): string {
  return `/v1/capsules/${encodeURIComponent(id)}`;
}
