import { z } from 'zod';
import type { Change } from './changes.ts';
import { changeScript, fenceScript, observeScript, readObserved, tooLate } from './guest-scripts.ts';
import type { Observed } from './model.ts';
import { type Call, type Copies, type Subject, SubjectError } from './subject.ts';

const fault = z.object({
  error: z.object({ code: z.string(), message: z.string(), retryable: z.boolean() }),
});
const capsule = z.object({ id: z.string(), status: z.string() });
const forked = z.object({ capsules: z.array(capsule), failed: z.array(z.object({ code: z.string() })) });
const snapshot = z.object({ name: z.string(), platform: z.boolean() });
const execution = z.object({
  stdout: z.string(),
  stderr: z.string(),
  exit_code: z.number(),
  outcome: z.string(),
});

const requestDeadlineMs = 200_000;
/** Hashing a few megabytes takes a second in a guest that is emulated on a busy machine. */
const commandSec = 120;

/** A real installation, asked as any program asks it: by plain HTTP requests. */
export class WrennSubject implements Subject {
  readonly #baseUrl: string;
  readonly #apiKey: string;

  constructor(baseUrl: string, apiKey: string) {
    this.#baseUrl = baseUrl;
    this.#apiKey = apiKey;
  }

  async create(template: string | undefined, call: Call): Promise<string> {
    const body = template === undefined ? {} : { template };
    return capsule.parse(await this.#send('POST', '/v1/capsules', body, call)).id;
  }

  async pause(id: string, call: Call): Promise<void> {
    await this.#send('POST', `/v1/capsules/${id}/pause`, undefined, call);
  }

  async resume(id: string, call: Call): Promise<void> {
    await this.#send('POST', `/v1/capsules/${id}/resume`, undefined, call);
  }

  async fork(id: string, count: number, call: Call): Promise<Copies> {
    const made = forked.parse(await this.#send('POST', `/v1/capsules/${id}/fork`, { count }, call));
    return { ids: made.capsules.map((child) => child.id), failed: made.failed.map(({ code }) => code) };
  }

  async checkpoint(id: string, name: string, call: Call): Promise<void> {
    await this.#send('POST', `/v1/capsules/${id}/checkpoint`, { name }, call);
  }

  async snapshot(id: string, name: string, call: Call): Promise<void> {
    await this.#send('POST', '/v1/snapshots', { sandbox_id: id, name }, call);
  }

  async destroy(id: string, call: Call): Promise<void> {
    await this.#send('DELETE', `/v1/capsules/${id}`, undefined, call);
  }

  async deleteSnapshot(name: string, call: Call): Promise<void> {
    await this.#send('DELETE', `/v1/snapshots/${name}`, undefined, call);
  }

  async status(id: string): Promise<string> {
    return capsule.parse(await this.#send('GET', `/v1/capsules/${id}`, undefined, {})).status;
  }

  async capsules(): Promise<ReadonlyMap<string, string>> {
    const all = z.array(capsule).parse(await this.#send('GET', '/v1/capsules', undefined, {}));
    return new Map(all.map(({ id, status }) => [id, status]));
  }

  async snapshots(): Promise<readonly string[]> {
    const all = z
      .array(snapshot)
      .parse(await this.#send('GET', '/v1/snapshots?type=snapshot', undefined, {}));
    return all.filter(({ platform }) => !platform).map(({ name }) => name);
  }

  async change(id: string, number: number, change: Change, call: Call): Promise<void> {
    await this.#run(id, changeScript(number, change), call);
  }

  async fence(id: string, number: number): Promise<void> {
    await this.#run(id, fenceScript(number), {});
  }

  async observe(id: string, from: 'memory' | 'disk'): Promise<Observed> {
    return readObserved(await this.#run(id, observeScript(from), {}));
  }

  async #run(id: string, script: string, call: Call): Promise<string> {
    const body = { cmd: 'sh', args: ['-c', script], user: 'root', timeout_sec: commandSec };
    const done = execution.parse(await this.#send('POST', `/v1/capsules/${id}/exec`, body, call));
    if (done.outcome === 'lost') throw new SubjectError('lost', 'the command was lost', 'retryable');
    if (done.exit_code === tooLate) throw new SubjectError('too_late', 'a later change was there', 'final');
    if (done.exit_code !== 0 || done.outcome !== 'exited') {
      throw new SubjectError('failed', `${done.outcome} with ${done.exit_code}: ${done.stderr}`, 'final');
    }
    return done.stdout;
  }

  async #send(method: string, path: string, body: unknown, { signal, key }: Call): Promise<unknown> {
    const limit = AbortSignal.timeout(requestDeadlineMs);
    let response: Response;
    let text: string;
    try {
      response = await fetch(`${this.#baseUrl}${path}`, {
        method,
        headers: {
          'x-api-key': this.#apiKey,
          ...(key === undefined ? {} : { 'idempotency-key': key }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: signal === undefined ? limit : AbortSignal.any([limit, signal]),
      });
      text = await response.text();
    } catch (thrown) {
      if (signal?.aborted) throw new SubjectError('disconnected', 'the client left', 'final');
      if (limit.aborted) throw new SubjectError('no_answer', `${method} ${path} took too long`, 'final');
      throw new SubjectError('unreachable', `${method} ${path}: ${String(thrown)}`, 'retryable');
    }
    if (!response.ok) throw refusal(`${method} ${path}`, response.status, text);
    return text === '' ? undefined : JSON.parse(text);
  }
}

function refusal(what: string, status: number, text: string): SubjectError {
  const parsed = fault.safeParse(parse(text));
  if (!parsed.success)
    return new SubjectError('unexpected_answer', `${what}: ${status} ${text.slice(0, 300)}`, 'final');
  const { code, message, retryable } = parsed.data.error;
  return new SubjectError(code, `${what}: ${code}: ${message}`, retryable ? 'retryable' : 'final');
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
