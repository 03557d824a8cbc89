import { isObject } from './error.ts';
import type { Http } from './http.ts';
import { readServerSentEvents } from './server-sent-events.ts';
import type { CallOptions, LiveEvent } from './types.ts';
import { fromWire } from './wire.ts';

/** What changes, as it happens. */
export class Live {
  readonly #http: Http;
  readonly #path: string;

  constructor(http: Http, path: string) {
    this.#http = http;
    this.#path = path;
  }

  /**
   * The events of one connection, which ends when the server does, or when the caller is not allowed any more: follow
   * again, and load anew what is shown at each `open` and `resync`.
   */
  async *follow({ signal }: CallOptions = {}): AsyncGenerator<LiveEvent, void> {
    const accept = 'text/event-stream';
    const response = await this.#http.send({ method: 'GET', path: this.#path, accept, signal });
    for await (const sent of readServerSentEvents(response.body ?? new Blob([]).stream())) {
      if (sent === 'comment') continue;
      const body: unknown = JSON.parse(sent.data);
      if (isObject(body)) yield { type: sent.name, ...(fromWire(body) as object) } as LiveEvent;
    }
  }
}
