import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { json } from 'node:stream/consumers';
import { Code } from '@connectrpc/connect';
import { Secret } from '@wrenn/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { GuestClient } from './guest-client.ts';

const secret = new Secret('the secret of the host');

let server: Server;
let guest: GuestClient;
let answer: RequestListener;
const heard: { readonly path: string | undefined; readonly secret: unknown; readonly body: unknown }[] = [];
beforeEach(async () => {
  heard.length = 0;
  server = createServer((request, response) => answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  guest = new GuestClient('127.0.0.1', new Secret('the token of the capsule'), { port });
});
afterEach(() => {
  guest.close();
  server.closeAllConnections();
  server.close();
});

/** A guest that says the same to each request. */
function says(status: number, body: unknown): RequestListener {
  const reply = async (request: IncomingMessage, response: ServerResponse) => {
    const hasBody = Number(request.headers['content-length'] ?? 1) > 0;
    const { url: path, headers } = request;
    const heardBody = hasBody ? await bodyOf(request) : undefined;
    heard.push({ path, secret: headers['x-wrenn-host-secret'], body: heardBody });
    response.writeHead(status).end(body === undefined ? undefined : JSON.stringify(body));
  };
  return (request, response) => void reply(request, response);
}

/** Calls have another encoding, of which nothing is read here. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  return request.headers['content-type'] === 'application/json' ? await json(request) : undefined;
}
const signal = AbortSignal.timeout(30_000);
const identity = {
  accessToken: new Secret('the token of the capsule'),
  hostSecret: new Secret('the next secret of the host'),
  capsuleId: 'cl-a',
  templateId: 'tpl-a',
  defaultUser: 'user',
  envVars: {},
};

test('/init carries the time at which the guest asked for it', async () => {
  let askedAt = 0;
  answer = says(200, { version: '1' });
  server.on('checkContinue', (request: IncomingMessage, response) => {
    // As a guest that needs a while before it can read.
    setTimeout(() => {
      askedAt = Date.now();
      response.writeContinue();
      answer(request, response);
    }, 50);
  });
  expect(await guest.init(identity, secret, signal)).toEqual({ version: '1' });
  const [{ path, secret: shown, body } = { path: '', secret: '', body: {} }] = heard;
  expect({ path, shown, body }).toMatchObject({
    path: '/init',
    shown: secret.reveal(),
    body: { capsuleId: 'cl-a', hostname: 'cl-a', hostSecret: identity.hostSecret.reveal() },
  });
  expect(Date.parse(String(Reflect.get(Object(body), 'timestamp')))).toBeGreaterThanOrEqual(askedAt);
});

test('an /init that is refused before its body was asked for says so', async () => {
  server.on('checkContinue', (_request, response) => response.writeHead(401).end('not you'));
  await expect(guest.init(identity, secret, signal)).rejects.toMatchObject({
    code: 'agent_error',
    message: expect.stringContaining('401: not you'),
  });
});

test('preparing closes the connections that idle, and leaves the one that is in use', async () => {
  const sockets: Socket[] = [];
  server.on('connection', (socket) => sockets.push(socket));
  answer = says(200, { version: '1' });
  await guest.init(identity, secret, signal);
  const closed = once(sockets[0] ?? server, 'close');
  answer = says(204, undefined);
  await guest.prepare(secret, signal);
  await closed;
  expect(sockets).toHaveLength(2);
  expect(heard.at(-1)).toEqual({ path: '/snapshot/prepare', secret: secret.reveal(), body: undefined });
});

test('a guest that cannot be prepared says why, and it can be tried again', async () => {
  answer = says(503, { code: 503, message: 'freezing the processes of users: took longer than 1000 ms' });
  await expect(guest.prepare(secret, signal)).rejects.toMatchObject({
    code: 'host_unavailable',
    message: expect.stringContaining('freezing the processes of users: took longer than 1000 ms'),
  });
});

test('a guest that is silent is waited for so long and no longer', async () => {
  answer = () => undefined;
  await expect(guest.prepare(secret, signal)).rejects.toMatchObject({ code: 'deadline_exceeded' });
});

test('a connection that breaks is a fault of the host that can be tried again', async () => {
  answer = (request) => request.socket.destroy();
  await expect(guest.prepare(secret, signal)).rejects.toMatchObject({ code: 'host_unavailable' });
});

test('going on carries the time', async () => {
  answer = says(204, undefined);
  const from = Date.now();
  await guest.continue(secret, signal);
  expect(heard).toHaveLength(1);
  expect(heard[0]).toMatchObject({ path: '/snapshot/continue', secret: secret.reveal() });
  const { timestamp } = Object(heard[0]?.body);
  expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(from);
  expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now());
});

test('a call to a guest that stands still is made when it goes on', async () => {
  answer = says(204, undefined);
  await guest.prepare(secret, signal);
  const call = guest.process.list({});
  await guest.continue(secret, signal);
  // The guest here answers nothing that a client understands.
  await expect(call).rejects.toThrow();
  expect(heard.map(({ path }) => path)).toEqual([
    '/snapshot/prepare',
    '/snapshot/continue',
    '/process.Process/List',
  ]);
});

test('a call to a guest that does not go on any more fails, and is never made', async () => {
  answer = says(204, undefined);
  await guest.prepare(secret, signal);
  const call = guest.process.list({});
  guest.close();
  await expect(call).rejects.toMatchObject({ code: Code.Unavailable });
  expect(heard.map(({ path }) => path)).toEqual(['/snapshot/prepare']);
});

test('a sample shows the token of the capsule, and is what the guest says', async () => {
  let shown: unknown;
  answer = (request, response) => {
    shown = [request.method, request.url, request.headers['x-access-token']];
    response.end('{"mem_total":1}');
  };
  expect(await guest.sample(signal)).toBe('{"mem_total":1}');
  expect(shown).toEqual(['GET', '/metrics', 'the token of the capsule']);
});

test('its ports are asked for with the token of the capsule', async () => {
  let shown: unknown;
  answer = (request, response) => {
    shown = [request.method, request.url, request.headers['x-access-token']];
    response.end('{"ports":[22,8000]}');
  };
  expect(await guest.ports(signal)).toEqual([22, 8000]);
  expect(shown).toEqual(['GET', '/ports', 'the token of the capsule']);
});

test.each(['{"ports":[0]}', '{"ports":["22"]}', '{}'])(
  'ports that are none, as in %s, are no answer',
  async (text) => {
    answer = (_request, response) => response.end(text);
    await expect(guest.ports(signal)).rejects.toMatchObject({ code: 'agent_error' });
  },
);

test('a daemon that knows nothing of ports yet is told from one without any', async () => {
  answer = says(404, { message: 'there is no such route' });
  await expect(guest.ports(signal)).rejects.toMatchObject({ code: 'invalid_state' });
});

test('a sample that is under way is given up when the guest is to stand still, and none is asked for then', async () => {
  const asked = Promise.withResolvers<Socket>();
  answer = ({ socket }) => asked.resolve(socket);
  const givenUp = expect(guest.sample(signal)).rejects.toThrow();
  const closed = once(await asked.promise, 'close');
  answer = says(204, undefined);
  await guest.prepare(secret, signal);
  await givenUp;
  await closed;
  await expect(guest.sample(signal)).rejects.toMatchObject({ code: 'busy' });
  await guest.continue(secret, signal);
  answer = says(200, {});
  expect(await guest.sample(signal)).toBe('{}');
});

test('a sample of a guest that says too much, or does not end what it says, fails, and nothing else', async () => {
  answer = (_request, response) => response.end('x'.repeat(100_000));
  await expect(guest.sample(signal)).rejects.toMatchObject({ code: 'agent_error' });
  answer = (_request, response) => response.writeHead(200, { 'content-length': '5' }).write('{');
  await expect(guest.sample(AbortSignal.timeout(100))).rejects.toThrow();
  answer = (_request, response) => response.writeHead(401).end();
  await expect(guest.sample(signal)).rejects.toMatchObject({ code: 'agent_error' });
});

test('a client that is closed takes no sample', async () => {
  guest.close();
  await expect(guest.sample(signal)).rejects.toMatchObject({ code: 'busy' });
});
