import type { Http } from './http.ts';
import type { BackgroundOptions, BackgroundProcess, CallOptions, Process } from './types.ts';
import { answerOf, toWire } from './wire.ts';

/** Programs that were started through the API and run by themselves. */
export class Processes {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  /** Starts a command that goes on by itself, without input; resolves when it runs. */
  async start(
    capsuleId: string,
    options: BackgroundOptions,
    { signal }: CallOptions = {},
  ): Promise<BackgroundProcess> {
    const body = { ...toWire(options), background: true };
    const response = await this.#http.send({
      method: 'POST',
      path: `${pathOf(capsuleId)}/exec`,
      body,
      signal,
    });
    return answerOf(response);
  }

  async list(capsuleId: string, { signal }: CallOptions = {}): Promise<Process[]> {
    const path = `${pathOf(capsuleId)}/processes`;
    const response = await this.#http.send({ method: 'GET', path, signal });
    const { processes } = await answerOf<{ processes: Process[] }>(response);
    return processes;
  }

  /** Ends one, by its ID or its tag. */
  async kill(
    capsuleId: string,
    process: number | string,
    options: { readonly signal?: 'SIGKILL' | 'SIGTERM' } = {},
    call: CallOptions = {},
  ): Promise<void> {
    const name = options.signal ?? 'SIGKILL';
    const path = `${pathOf(capsuleId)}/processes/${encodeURIComponent(process)}?signal=${name}`;
    await this.#http.send({ method: 'DELETE', path, signal: call.signal });
  }
}

function pathOf(id: string): string {
  return `/v1/capsules/${encodeURIComponent(id)}`;
}
