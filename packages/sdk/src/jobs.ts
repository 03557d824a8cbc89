import type { Http } from './http.ts';
import type { CallOptions, Job } from './types.ts';
import { answerOf } from './wire.ts';

/** Operations on capsules: they go on when their client is gone. */
export class Jobs {
  readonly #http: Http;

  constructor(http: Http) {
    this.#http = http;
  }

  async get(id: string, { signal }: CallOptions = {}): Promise<Job> {
    const path = `/v1/jobs/${encodeURIComponent(id)}`;
    return answerOf(await this.#http.send({ method: 'GET', path, signal }));
  }
}
