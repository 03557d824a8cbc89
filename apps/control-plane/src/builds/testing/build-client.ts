import { expect } from 'vitest';
import { z } from 'zod';
import type { TestServer } from '../../testing/test-server.ts';
import { buildBody } from '../schemas.ts';

export type PresentedBuild = z.output<typeof buildBody>;
type Server = Pick<TestServer<AsyncDisposable & { readonly address: string }>, 'url' | 'apiKey'>;

const event = z.object({ id: z.number().optional(), event: z.string(), data: z.unknown() });
export type PresentedEvent = z.output<typeof event>;

/** The routes of builds as a program without our client calls them. */
export class BuildClient {
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  call(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { 'x-api-key': this.#server.apiKey, ...init.headers };
    return fetch(`${this.#server.url}/v1/builds${path}`, { ...init, headers });
  }

  async submit(body: object): Promise<Response> {
    return await this.call('', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  async submitted(body: object): Promise<string> {
    const answer = await this.submit(body);
    const text = await answer.text();
    expect(answer.status, text).toBe(201);
    return buildBody.parse(JSON.parse(text)).id;
  }

  async get(id: string): Promise<PresentedBuild> {
    return buildBody.parse(await (await this.call(`/${id}`)).json());
  }

  /** Once it is over. */
  async ended(id: string): Promise<PresentedBuild> {
    return await expect
      .poll(async () => await this.get(id), { interval: 50 })
      .toSatisfy(({ status }: PresentedBuild) => !['pending', 'running'].includes(status))
      .then(async () => await this.get(id));
  }

  async built(body: object): Promise<PresentedBuild> {
    return await this.ended(await this.submitted(body));
  }

  /** All events of a log that is over, or until the first that `until` is true of. */
  async events(id: string, query = '', until = (_: PresentedEvent) => false): Promise<PresentedEvent[]> {
    const answer = await this.call(`/${id}/logs${query}`);
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const events: PresentedEvent[] = [];
    let text = '';
    for await (const chunk of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString();
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      events.push(...blocks.flatMap(eventOf));
      // Leaving the loop closes the connection.
      if (events.some(until)) break;
    }
    return events;
  }
}

function eventOf(block: string): PresentedEvent[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.split(': ', 1)[0], line.replace(/^[^:]*: /, '')]),
  );
  const name = fields.get('event');
  if (name === undefined) return [];
  const id = fields.get('id');
  return [
    {
      event: name,
      data: JSON.parse(fields.get('data') ?? ''),
      ...(id === undefined ? {} : { id: Number(id) }),
    },
  ];
}
