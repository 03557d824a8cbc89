import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BuildEvent } from './build-types.ts';
import { WrennClient } from './client.ts';

const id = 'bld-0000000000000000000000001';
const wire = {
  id,
  name: 'tools',
  status: 'pending',
  memory_mb: 512,
  created_at: '2026-01-01T00:00:00Z',
};

/** A server that answers each request with the next of `answers`, the last one again and again. */
async function serve(...answers: ((response: ServerResponse) => void)[]) {
  const requests: { readonly line: string; readonly headers: IncomingMessage['headers']; body: string }[] =
    [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      requests.push({ line: `${request.method} ${request.url}`, headers: request.headers, body });
      (answers[requests.length - 1] ?? answers.at(-1))?.(response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  return { client: new WrennClient({ baseUrl, apiKey: 'wrn_x' }), requests };
}

const json = (status: number, body: unknown) => (response: ServerResponse) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const noContent = (response: ServerResponse) => response.writeHead(204).end();

const at = '2026-01-01T00:00:00Z';
const entry = (number: number, name: string, body: object) =>
  `id: ${number}\nevent: ${name}\ndata: ${JSON.stringify({ step: 1, at, ...body })}\n\n`;
const over = `event: over\ndata: ${JSON.stringify({ ...wire, status: 'success' })}\n\n`;
/** Writes events, and then ends the answer or its connection. */
const events = (text: string, then: 'end' | 'break' | 'stay') => (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(text, () => {
    if (then === 'end') response.end();
    if (then === 'break') response.destroy();
  });
};

async function all(following: AsyncIterable<BuildEvent>): Promise<BuildEvent[]> {
  const seen: BuildEvent[] = [];
  for await (const event of following) seen.push(event);
  return seen;
}

describe('a build', () => {
  it('is submitted with the names of the wire, and those of arguments and hosts as they are', async () => {
    const { client, requests } = await serve(json(201, wire));
    const build = await client.builds.submit({
      name: 'tools',
      recipe: 'RUN true',
      memoryMb: 1024,
      args: { myArg: 'x' },
      credentials: { 'ghcr.io': { identityToken: 'secret' } },
    });
    expect(build).toEqual({ ...build, memoryMb: 512, createdAt: new Date('2026-01-01T00:00:00Z') });
    expect(requests[0]?.line).toBe('POST /v1/builds');
    expect(JSON.parse(requests[0]?.body ?? '')).toEqual({
      name: 'tools',
      recipe: 'RUN true',
      memory_mb: 1024,
      args: { myArg: 'x' },
      credentials: { 'ghcr.io': { identity_token: 'secret' } },
    });
  });

  it.each([
    ['bytes', new TextEncoder().encode('archived')],
    ['a stream', new Blob(['archi', 'ved']).stream()],
  ])('with an archive of %s is a form, config first', async (_name, archive) => {
    const { client, requests } = await serve(json(201, wire));
    await client.builds.submit({ name: 'tools', recipe: 'COPY a /a', archive });
    const [request] = requests;
    const form = await new Response(request?.body, {
      headers: { 'content-type': String(request?.headers['content-type']) },
    }).formData();
    expect([...form.keys()]).toEqual(['config', 'archive']);
    expect(JSON.parse(String(form.get('config')))).toEqual({ name: 'tools', recipe: 'COPY a /a' });
    expect(await new Response(form.get('archive') as Blob).text()).toBe('archived');
  });

  it('is read, listed and cancelled, of a team or of the platform', async () => {
    const { client, requests } = await serve(json(200, wire), json(200, [wire]), json(200, []), noContent);
    await client.builds.get(id);
    await client.builds.list({ limit: 2, after: id });
    await client.platformBuilds.list();
    await client.platformBuilds.cancel(id);
    expect(requests.map(({ line }) => line)).toEqual([
      `GET /v1/builds/${id}`,
      `GET /v1/builds?limit=2&after=${id}`,
      'GET /v1/admin/builds',
      `POST /v1/admin/builds/${id}/cancel`,
    ]);
  });
});

describe('the log of a build', () => {
  const began = entry(1, 'begin', { phase: 'recipe', line: 3, text: 'RUN x' });
  const ended = entry(3, 'end', { ok: true, elapsedMs: 5, cached: false, exit: 0 });

  it('comes as it grows, and ends with the build', async () => {
    const { client } = await serve(
      events(`${began}: alive\n\n${entry(2, 'stdout', { text: 'a\nb' })}${ended}${over}`, 'stay'),
    );
    const seen = await all(client.builds.follow(id));
    const common = { step: 1, at: new Date(at) };
    expect(seen.slice(0, -1)).toEqual([
      { type: 'begin', number: 1, ...common, phase: 'recipe', line: 3, text: 'RUN x' },
      { type: 'stdout', number: 2, ...common, text: 'a\nb' },
      { type: 'end', number: 3, ...common, ok: true, elapsedMs: 5, cached: false, exit: 0 },
    ]);
    expect(seen.at(-1)).toMatchObject({ type: 'over', build: { status: 'success', memoryMb: 512 } });
  });

  it.each(['end', 'break'] as const)(
    'goes on after the last whole event when the connection comes to its %s',
    async (how) => {
      const half = 'id: 2\nevent: stdout\ndata: {"ste';
      const { client, requests } = await serve(
        events(`${began}${half}`, how),
        json(503, { error: { code: 'unavailable', message: 'starting', retryable: true } }),
        events(`${entry(2, 'stdout', { text: 'x' })}${over}`, 'end'),
      );
      const seen = await all(client.builds.follow(id));
      expect(seen.map(({ type }) => type)).toEqual(['begin', 'stdout', 'over']);
      expect(requests.map(({ headers }) => headers['last-event-id'])).toEqual([undefined, '1', '1']);
    },
  );

  it('begins after the event that was seen', async () => {
    const { client, requests } = await serve(events(over, 'end'));
    await all(client.builds.follow(id, { after: 7 }));
    expect(requests[0]?.headers['last-event-id']).toBe('7');
  });

  it('has no events of a kind that is not known', async () => {
    const { client } = await serve(events(`${entry(1, 'new', {})}${over}`, 'end'));
    expect(await all(client.builds.follow(id))).toHaveLength(1);
  });

  it('of a build that is not there is an error at once', async () => {
    const { client, requests } = await serve(
      json(404, { error: { code: 'not_found', message: 'no build' } }),
    );
    await expect(all(client.builds.follow(id))).rejects.toMatchObject({ code: 'not_found' });
    expect(requests).toHaveLength(1);
  });

  it('of a server that was never reached is not waited for', async () => {
    const { client, requests } = await serve((response) => response.destroy());
    await expect(all(client.builds.follow(id))).rejects.toMatchObject({ code: 'unreachable' });
    expect(requests).toHaveLength(1);
  });

  it('is left when the call is aborted', async () => {
    const { client } = await serve(events(began, 'stay'));
    const stop = new AbortController();
    const following = client.builds.follow(id, {}, { signal: stop.signal });
    await following.next();
    const coming = following.next();
    stop.abort(new Error('enough'));
    await expect(coming).rejects.toThrow('enough');
  });
});
