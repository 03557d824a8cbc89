import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { ask, mirror, seen } from './testing/ask.ts';
import { DistantCapsule } from './testing/distant-capsule.ts';
import { bodyOf } from './testing/edge-under-test.ts';

let distant: DistantCapsule;
afterEach(() => distant[Symbol.asyncDispose]());

/** Answers with the hash of what it was sent. */
function startHashing(): Promise<DistantCapsule> {
  return DistantCapsule.start((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (chunk: Buffer) => hash.update(chunk));
    request.on('end', () => response.end(hash.digest('hex')));
  });
}

async function startEcho(): Promise<DistantCapsule> {
  const echo = await DistantCapsule.start((_request, response) => response.writeHead(426).end());
  const server = new WebSocketServer({ server: echo.guest });
  server.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
  return echo;
}

async function openSocket(): Promise<WebSocket> {
  const socket = new WebSocket(`ws://${distant.address}/`, { headers: { host: distant.host } });
  await once(socket, 'open');
  return socket;
}

describe('a capsule on another machine that was paused a moment ago', () => {
  it('is woken by a request with a body, which arrives byte for byte', async () => {
    distant = await startHashing();
    await bodyOf(await ask(distant, {}));
    distant.pause();
    const body = randomBytes(5_000_000);
    const answer = await ask(distant, { method: 'POST', body });
    expect(answer.statusCode).toBe(200);
    expect(await bodyOf(answer)).toBe(createHash('sha256').update(body).digest('hex'));
    expect(distant.wakes).toBe(1);
  });

  it('is woken by one in chunks, with its trailers', async () => {
    distant = await DistantCapsule.start(mirror);
    await bodyOf(await ask(distant, {}));
    distant.pause();
    const sent = httpRequest(`http://${distant.address}`, {
      method: 'PUT',
      headers: { host: distant.host, trailer: 'x-sum', te: 'trailers' },
      agent: false,
    });
    for (const chunk of ['in ', 'chunks']) sent.write(chunk);
    sent.addTrailers({ 'x-sum': '9' });
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    const got = JSON.parse(await bodyOf(answer));
    expect(got).toMatchObject({ body: 'in chunks', rawTrailers: ['x-sum', '9'] });
    // Servers of gRPC refuse those who do not say it.
    expect(got.rawHeaders.map((text: string) => text.toLowerCase())).toContain('te');
  });

  it('is woken by a request that asks first whether its body is wanted', async () => {
    distant = await DistantCapsule.start(() => undefined);
    distant.guest.on('checkContinue', (request, response) => {
      response.writeContinue();
      mirror(request, response);
    });
    distant.guest.once('request', (_request, response) => response.end());
    await bodyOf(await ask(distant, {}));
    distant.pause();
    const sent = httpRequest(`http://${distant.address}`, {
      method: 'POST',
      headers: { host: distant.host, expect: '100-continue', 'content-length': '4' },
      agent: false,
    });
    const informed: number[] = [];
    sent.on('information', ({ statusCode }) => informed.push(statusCode));
    sent.flushHeaders();
    await once(sent, 'continue');
    sent.end('body');
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({ body: 'body' });
    // What relay and edge say to each other is nothing for the client.
    expect(informed).toEqual([100]);
  });

  it('is woken by a WebSocket', async () => {
    distant = await startEcho();
    (await openSocket()).terminate();
    distant.pause();
    const socket = await openSocket();
    socket.send('after the pause');
    const [data] = await once(socket, 'message');
    expect(String(data)).toBe('after the pause');
    expect(distant.wakes).toBe(1);
    socket.terminate();
  });

  it('is woken once for all who come', async () => {
    distant = await startHashing();
    await bodyOf(await ask(distant, {}));
    distant.pause();
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => ask(distant, { method: 'POST', body: 'x' })),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array(20).fill(200));
    expect(distant.wakes).toBe(1);
  });

  it('is not woken for a client that has gone away while the control plane was asked', async () => {
    distant = await startHashing();
    distant.pause();
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    distant.beforeFacts = () => {
      asked.resolve();
      return answer.promise;
    };
    const client = distant.connect();
    client.write(`GET / HTTP/1.1\r\nHost: ${distant.host}\r\n\r\n`);
    await asked.promise;
    client.destroy();
    await once(client, 'close');
    // A round of the edge's loop, so that it has heard of the end: the same process serves both.
    expect((await fetch(`http://${distant.address}/health`)).status).toBe(200);
    answer.resolve();
    expect((await fetch(`http://${distant.address}/health`)).status).toBe(200);
    expect(distant.wakes).toBe(0);
  });
});

it('a WebSocket waits for a relay that waits for a capsule, for longer than guests may take', async () => {
  distant = await startEcho();
  // A guest has 10 seconds, and no event tells that they are over.
  distant.relay.beforeUpgrade = () => delay(12_000);
  const socket = await openSocket();
  socket.send('was held');
  const [data] = await once(socket, 'message');
  expect(String(data)).toBe('was held');
  socket.terminate();
});

describe('what a relay says for itself', () => {
  it.each([
    ['full', 503, 'the capsule has too many requests under way'],
    ['refused', 502, "the capsule's host does not take the request"],
    ['unavailable', 503, 'the capsule cannot be reached at the moment'],
    ['unreachable', 502, 'the capsule does not answer'],
    ['closed', 502, 'The sandbox is running but port is not open'],
  ])('with the tag %s is %d, in the words of the edge', async (tag, status, message) => {
    distant = await startHashing();
    distant.relay.refusing = { status: 403, tag };
    for (const method of ['GET', 'POST']) {
      const answer = await ask(distant, { method, ...(method === 'POST' ? { body: 'x' } : {}) });
      expect(answer.statusCode).toBe(status);
      expect(JSON.parse(await bodyOf(answer))).toMatchObject({ message, code: status });
      expect(answer.headers['retry-after'] === undefined).toBe(status !== 503);
    }
    const socket = new WebSocket(`ws://${distant.address}/`, { headers: { host: distant.host } });
    socket.on('error', () => undefined);
    const [, answer] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage];
    expect(answer.statusCode).toBe(status);
    expect(await bodyOf(answer)).toContain(message);
  });

  it('comes from nobody else: a guest that says it is passed on without it', async () => {
    distant = await DistantCapsule.start((_request, response) =>
      response.writeHead(502, { 'x-wrenn-relay': 'absent' }).end('from the guest'),
    );
    const answer = await ask(distant, {});
    expect(answer.statusCode).toBe(502);
    expect(answer.headers).not.toHaveProperty('x-wrenn-relay');
    expect(await bodyOf(answer)).toBe('from the guest');
    expect(distant.wakes).toBe(0);
  });
});

it('requests for all names of a capsule go by one connection to its relay', async () => {
  distant = await DistantCapsule.start(mirror);
  for (const domain of ['one.example', 'two.example']) {
    const host = distant.host.replace(/\..*/, `.${domain}`);
    expect((await seen(distant, { headers: { host } })).headers).toMatchObject({ host });
  }
  expect(distant.relay.connections.size).toBe(1);
});

it('a relay that is down is not a port that is closed', async () => {
  distant = await startHashing();
  await distant.relay[Symbol.asyncDispose]();
  const answer = await ask(distant, { method: 'POST', body: 'x' });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
  expect(JSON.parse(await bodyOf(answer))).toMatchObject({
    message: "the capsule's host cannot be reached at the moment",
  });
});

it('a relay with the certificate of another host gets nothing of a request', async () => {
  distant = await startHashing();
  distant.facts = { ...distant.facts, hostId: 'another-host' };
  const answer = await ask(distant, { method: 'POST', body: 'x' });
  expect(answer.statusCode).toBe(503);
  expect(await bodyOf(answer)).toContain("the capsule's host cannot be reached");
});

it('an API that is down is said to be so, and nothing about a port', async () => {
  distant = await startHashing();
  const headers = { host: 'api.capsules.example', 'e2b-sandbox-id': 'x', 'e2b-sandbox-port': '80' };
  const answer = await ask(distant, { headers, path: '/v1/capsules' });
  expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '2']);
  expect(JSON.parse(await bodyOf(answer))).toEqual({
    message: 'the API cannot be reached at the moment',
    code: 503,
    remedy: 'try again',
  });
});

it('a capsule that is destroyed resets what is under way with it', async () => {
  distant = await DistantCapsule.start((_request, response) => response.write('x'));
  const answer = await ask(distant, {});
  const reset = expect(bodyOf(answer)).rejects.toMatchObject({ code: 'ECONNRESET' });
  distant.pause();
  await reset;
});

it('those that wait for a capsule are counted with those that are under way', async () => {
  distant = await DistantCapsule.start((_request, response) => response.end(), { mostAtOnce: 3 });
  distant.pause();
  const awake = Promise.withResolvers<void>();
  distant.beforeWake = () => awake.promise;
  const all = Array.from({ length: 4 }, () => ask(distant, {}));
  const first = await Promise.race(all);
  expect([first.statusCode, first.headers['retry-after']]).toEqual([503, '1']);
  awake.resolve();
  const statuses = (await Promise.all(all)).map(({ statusCode }) => statusCode);
  expect(statuses.toSorted()).toEqual([200, 200, 200, 503]);
  // Each has given its place back.
  for (let count = 0; count < 5; count++) expect((await ask(distant, {})).statusCode).toBe(200);
});

it('what an upload sends is as it was, sized or in chunks, and so is what it says of its client', async () => {
  distant = await DistantCapsule.start(mirror);
  const { body, headers } = await seen(distant, { method: 'POST', body: 'sized', headers: { 'x-a': '1' } });
  expect(body).toBe('sized');
  expect(headers).toMatchObject({ host: distant.host, 'x-a': '1', 'x-forwarded-for': '127.0.0.1' });
});
