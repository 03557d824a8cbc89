import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { until } from '@wrenn/core';

export interface Told {
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A browser that follows what changes, as far as tests want to know of one. */
export class Following implements Disposable {
  readonly events: Told[] = [];
  /** Resolves when the server has ended the stream, or cut it off. */
  readonly over: Promise<void>;
  readonly status: number;
  readonly #response: IncomingMessage;
  #text = '';

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.over = new Promise((resolve) => response.once('close', resolve));
    response.on('error', () => undefined);
    response.on('data', (chunk: Buffer) => this.#read(chunk.toString()));
  }

  static async start(url: string, headers: Readonly<Record<string, string>>): Promise<Following> {
    const request = httpRequest(url, { headers, agent: false });
    request.end();
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const following = new Following(response);
    if (following.status === 200) await following.next(({ event }) => event === 'open');
    return following;
  }

  /** The first event that fits, or that will. */
  async next(fits: (told: Told) => boolean): Promise<Told> {
    return await until(() => this.events.find(fits), 10, AbortSignal.timeout(20_000));
  }

  /** Leaves what comes where it is. */
  stopReading(): void {
    this.#response.pause();
  }

  readAgain(): void {
    this.#response.resume();
  }

  [Symbol.dispose](): void {
    this.#response.destroy();
  }

  #read(text: string): void {
    const parts = (this.#text + text).split('\n\n');
    this.#text = parts.pop() ?? '';
    for (const part of parts) {
      const event = /^event: (.*)$/m.exec(part)?.[1];
      const data = /^data: (.*)$/m.exec(part)?.[1];
      if (event === undefined || data === undefined) continue;
      this.events.push({ event, data: JSON.parse(data) as Told['data'] });
    }
  }
}
