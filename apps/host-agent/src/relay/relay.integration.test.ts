import { once } from 'node:events';
import type { ClientRequest, IncomingMessage, RequestListener } from 'node:http';
import { type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { newId } from '@wrenn/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Caller, id, type RelayUnderTest, startRelay } from './testing/relay-under-test.ts';

let relay: RelayUnderTest;
afterEach(() => relay[Symbol.asyncDispose]());

async function start(onRequest: RequestListener, options?: { mostAtOnce: number }): Promise<void> {
  relay = await startRelay(onRequest, options);
  relay.agent.complete();
}

/** What the guest saw of a request, as JSON. */
const mirror: RequestListener = (asked, response) => {
  void text(asked).then((body) => {
    const { url, headers, rawHeaders, rawTrailers } = asked;
    response.end(JSON.stringify({ url, headers, rawHeaders, rawTrailers, body }));
  });
};

/** A request on a connection of its own. */
function send(
  path: string,
  { caller, ...options }: RequestOptions & { caller?: Caller } = {},
): ClientRequest {
  const socket = relay.connect(caller);
  const sent = request({ ...options, path, createConnection: () => socket });
  sent.on('error', () => undefined);
  return sent;
}

async function answerTo(sent: ClientRequest): Promise<IncomingMessage> {
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

const ask = (path: string, options?: Parameters<typeof send>[1]) => answerTo(send(path, options).end());

/** Sends text on a connection of its own, and returns all that comes back until the relay ends it. */
async function raw(sent: string): Promise<string> {
  const socket = relay.connect();
  socket.write(sent.replaceAll('PATH', relay.prefix));
  let answer = '';
  socket.on('data', (data) => {
    answer += String(data);
  });
  await once(socket, 'close');
  return answer;
}

describe('a request', () => {
  it('arrives with its trailers and what it says of them, and the answer brings its own', async () => {
    await start((asked, response) => {
      void text(asked).then((body) => {
        response.writeHead(200, { trailer: 'grpc-status' });
        response.write(JSON.stringify({ body, te: asked.headers.te, trailers: asked.trailers }));
        response.addTrailers({ 'grpc-status': '0' });
        response.end();
      });
    });
    const sent = send(`${relay.prefix}/`, { method: 'POST', headers: { te: 'trailers', trailer: 'x-sum' } });
    sent.write('body');
    sent.addTrailers({ 'x-sum': '4' });
    const answer = await answerTo(sent.end());
    expect(JSON.parse(await text(answer))).toEqual({
      body: 'body',
      te: 'trailers',
      trailers: { 'x-sum': '4' },
    });
    expect(answer.trailers).toEqual({ 'grpc-status': '0' });
  });

  it('with a body is taken before any of that is sent, and the guest says whether it wants it', async () => {
    await start(() => undefined);
    const wanted = Promise.withResolvers<void>();
    relay.guest.on('checkContinue', (asked, response) => {
      void wanted.promise.then(() => {
        response.writeContinue();
        mirror(asked, response);
      });
    });
    const sent = send(`${relay.prefix}/`, { method: 'POST', headers: { expect: '100-continue' } });
    const told: number[] = [];
    sent.on('information', ({ statusCode }) => {
      told.push(statusCode);
      if (statusCode === 102) wanted.resolve();
    });
    sent.flushHeaders();
    await once(sent, 'continue');
    sent.end('body');
    expect(JSON.parse(await text(await answerTo(sent)))).toMatchObject({ body: 'body' });
    expect(told).toEqual([102, 100]);
  });

  it('that expects something else is for the guest to judge', async () => {
    await start(() => undefined);
    relay.guest.on('checkExpectation', mirror);
    const answer = await ask(`${relay.prefix}/`, { headers: { expect: 'something' } });
    expect(JSON.parse(await text(answer))).toMatchObject({ headers: { expect: 'something' } });
  });

  it('may have as many headers as edges let in, with what they add', async () => {
    await start(mirror);
    const headers = { 'x-large': 'x'.repeat(64 * 1024), 'x-forwarded-host': 'x'.repeat(1_000) };
    const answer = await ask(`${relay.prefix}/`, { headers });
    expect(JSON.parse(await text(answer)).headers['x-large']).toHaveLength(64 * 1024);
    // No answer at all: one of the server's own would look like the port's.
    expect(await raw(`GET PATH/ HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(80_000)}\r\n\r\n`)).toBe('');
  });
});

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

it.each([
  ['two lengths', `POST PATH/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n`],
  [
    'a length and chunks',
    `POST PATH/ HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ],
  [
    'a coding before chunks',
    `POST PATH/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
  ],
  ['two hosts', 'GET PATH/ HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n'],
  ['another authority', 'GET http://other/proxy/ HTTP/1.1\r\nHost: x\r\n\r\n'],
])('%s: nothing of it comes to the guest, and nothing untagged back', async (_what, asked) => {
  const heard: (string | undefined)[] = [];
  await start((got, response) => {
    heard.push(got.url);
    response.end('from the guest');
  });
  const answer = await raw(`${asked}${smuggled}`);
  expect(heard).toEqual([]);
  if (answer !== '') expect(answer).toMatch(/^HTTP\/1\.1 400 .*\r\nx-wrenn-relay: refused\r\n/s);
});

describe('what it says for itself', () => {
  it.each([
    ['of a path that is none', '/', 'edge', 400, 'refused'],
    ['of a port that is none', `/proxy/${id}/0/`, 'edge', 400, 'refused'],
    ['of an ID that is none', '/proxy/x/80/', 'edge', 400, 'refused'],
    ['to one who may not call', `/proxy/${id}/80/`, 'stranger', 403, 'refused'],
    ['of a port that is closed', `/proxy/${id}/9/`, 'edge', 502, 'closed'],
    ['of a capsule that is elsewhere', '/proxy/cl-0000000000000000000000000/80/', 'edge', 502, 'absent'],
  ] as const)('%s is tagged, for a request and an upgrade', async (_what, path, caller, status, tag) => {
    await start(mirror);
    for (const headers of [{}, { connection: 'upgrade', upgrade: 'websocket' }]) {
      const answer = await ask(path, { caller, headers });
      expect([answer.statusCode, answer.headers['x-wrenn-relay']]).toEqual([status, tag]);
    }
  });

  it('to an edge that asks for a file is tagged', async () => {
    await start(mirror);
    const answer = await ask(`/guest/${id}/files?path=/`);
    expect([answer.statusCode, answer.headers['x-wrenn-relay']]).toEqual([403, 'refused']);
  });

  it('is said by no guest, in no kind of answer', async () => {
    const tagged = { 'x-wrenn-relay': 'absent', 'X-Wrenn-Relay': 'full' };
    await start((_asked, response) => response.writeHead(502, tagged).end('from the guest'));
    relay.guest.on('upgrade', (asked, socket) => {
      const status = asked.url === '/agrees' ? '101 Yes' : '502 No';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: upgrade\r\nUpgrade: x\r\nx-wrenn-relay: absent\r\n\r\n`);
    });
    const plain = await ask(`${relay.prefix}/`);
    expect(await text(plain)).toBe('from the guest');
    const upgrade = { connection: 'upgrade', upgrade: 'x' };
    const refused = await ask(`${relay.prefix}/`, { headers: upgrade });
    const agreeing = send(`${relay.prefix}/agrees`, { headers: upgrade }).end();
    const [agreed] = (await once(agreeing, 'upgrade')) as [IncomingMessage];
    expect([plain.statusCode, refused.statusCode, agreed.statusCode]).toEqual([502, 502, 101]);
    for (const { headers } of [plain, refused, agreed]) expect(headers).not.toHaveProperty('x-wrenn-relay');
  });
});

it('waits for a port that a capsule has yet to open again after it stood still', async () => {
  await start((_asked, response) => response.end('open again'));
  const address = relay.guest.address() as AddressInfo;
  await relay.agent.still(id, AbortSignal.timeout(20_000));
  await new Promise((resolve) => relay.guest.close(resolve));
  const { clients } = relay.catalog.passage(id)?.pool ?? {};
  if (clients === undefined) throw new Error('the capsule is not known');
  const dialled = vi.spyOn(clients, 'take');
  relay.agent.release(id);
  const asking = ask(`${relay.prefix}/`);
  // More attempts than a port has that was closed all the time.
  await expect.poll(() => dialled.mock.calls.length).toBeGreaterThan(3);
  relay.guest.listen(address.port, '127.0.0.1');
  expect(await text(await asking)).toBe('open again');
});

it('counts those that wait with those that are under way, and turns the rest away', async () => {
  await start((_asked, response) => response.end(), { mostAtOnce: 3 });
  await relay.agent.still(id, AbortSignal.timeout(20_000));
  const all = Array.from({ length: 4 }, () => ask(`${relay.prefix}/`));
  const first = await Promise.race(all);
  expect([first.statusCode, first.headers['x-wrenn-relay']]).toEqual([503, 'full']);
  relay.agent.release(id);
  const statuses = (await Promise.all(all)).map(({ statusCode }) => statusCode);
  expect(statuses.toSorted()).toEqual([200, 200, 200, 503]);
  for (let count = 0; count < 5; count++) expect((await ask(`${relay.prefix}/`)).statusCode).toBe(200);
});

it('waits for its agent to have told all before it says that a capsule is not here', async () => {
  relay = await startRelay((_asked, response) => response.end());
  const waits = vi.spyOn(relay.catalog, 'change');
  const [late, never] = [newId('capsule'), newId('capsule')];
  const asking = [late, never].map((each) => ask(`${relay.prefix.replace(id, each)}/`));
  await expect.poll(() => waits.mock.calls.length).toBeGreaterThanOrEqual(2);
  relay.agent.serve({ id: late, address: '127.0.0.1', token: 'token' });
  relay.agent.complete();
  const answers = await Promise.all(asking);
  expect(answers.map(({ headers }) => headers['x-wrenn-relay'])).toEqual([undefined, 'absent']);
});

it('closes what idles before a capsule is copied, and all when it ends', async () => {
  await start((asked, response) => {
    if (asked.url === '/endless') response.write('x');
    else response.end();
  });
  await text(await ask(`${relay.prefix}/`));
  expect(relay.guestConnections.size).toBe(1);
  await relay.agent.still(id, AbortSignal.timeout(20_000));
  await expect.poll(() => relay.guestConnections.size).toBe(0);
  relay.agent.release(id);
  const endless = await ask(`${relay.prefix}/endless`);
  const passage = relay.catalog.passage(id);
  expect(passage?.exchanges.count).toBe(1);
  const reset = expect(text(endless)).rejects.toMatchObject({ code: 'ECONNRESET' });
  relay.agent.drop(id);
  await reset;
  await expect.poll(() => relay.guestConnections.size).toBe(0);
  const { sockets = {}, freeSockets = {} } = passage?.pool.kept ?? {};
  expect([passage?.exchanges.count, Object.keys({ ...sockets, ...freeSockets })]).toEqual([0, []]);
});

it('cuts off who takes longer than 10 seconds for its headers, and not much later', async () => {
  await start(mirror);
  const socket = relay.connect();
  socket.resume();
  await once(socket, 'secureConnect');
  socket.write('GET / HTTP/1.1\r\n');
  const dripping = setInterval(() => socket.write('X: 1\r\n'), 500);
  // Node itself looks for such connections every 30 seconds.
  const closed = once(socket, 'close', { signal: AbortSignal.timeout(27_000) });
  await closed.finally(() => clearInterval(dripping));
});
