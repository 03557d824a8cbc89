import { once } from 'node:events';
import { Agent, type ClientRequest, get, type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { Code } from '@connectrpc/connect';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { runCommand } from '../testing/run-command.ts';
import { StartedProcess } from '../testing/started-process.ts';

/** The daemon as in a capsule, with a /run and a host name of its own. */
let envd: EnvdUnderTest;
beforeEach(async () => {
  const script = 'mount -t tmpfs tmpfs /run && exec "$@"';
  envd = await startEnvd({
    flags: [],
    before: ['unshare', '--uts', '--mount', '--propagation', 'private', 'sh', '-c', script, 'sh'],
  });
});
afterEach(() => envd[Symbol.asyncDispose]());

const hostSecret = 'the secret of the host';
const accessToken = 'the token of the capsule';
const asHost = { 'x-wrenn-host-secret': hostSecret };
const asClient = { 'x-access-token': accessToken };

interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly text: string;
}

/** Each on a connection of its own, unless an agent keeps one. */
async function call(
  method: string,
  path: string,
  { headers = {}, body = '', agent = new Agent() }: CallOptions = {},
): Promise<Answer> {
  const sent = request(`${envd.url}${path}`, { method, headers, agent }).end(body);
  return await answerTo(sent);
}
interface CallOptions {
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly agent?: Agent;
}

async function answerTo(sent: ClientRequest): Promise<Answer> {
  const [response]: [IncomingMessage] = await once(sent, 'response').then(([first]) => [first]);
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, connection: response.headers.connection, text };
}
const init = (options: CallOptions = {}) =>
  call('POST', '/init', { body: JSON.stringify({ accessToken, hostSecret }), headers: asHost, ...options });
const prepare = (headers: Record<string, string> = asHost) => call('POST', '/snapshot/prepare', { headers });
const goOn = (body = '', options: CallOptions = {}) =>
  call('POST', '/snapshot/continue', { headers: asHost, body, ...options });
const now = () => JSON.stringify({ timestamp: new Date().toISOString() });

/** A connection that has served a request and is kept. */
async function idleConnection(): Promise<{ readonly agent: Agent; readonly socket: Socket }> {
  const agent = new Agent({ keepAlive: true });
  const sent = get(`${envd.url}/health`, { agent });
  const [socket]: [Socket] = await once(sent, 'socket').then(([first]) => [first]);
  await answerTo(sent);
  return { agent, socket };
}

test('only the host prepares a snapshot, and nobody before the first /init', async () => {
  expect((await prepare()).status).toBe(401);
  await init();
  expect((await prepare({})).status).toBe(401);
  expect((await prepare(asClient)).status).toBe(401);
  expect((await prepare({ 'x-wrenn-host-secret': 'a guess of the secret' })).status).toBe(401);
  expect((await prepare()).status).toBe(204);
});

test('connections that idle are closed at once, and a request that runs is answered whole', async () => {
  await init();
  const idle = await Promise.all(Array.from({ length: 5 }, idleConnection));
  const finished = idle.map(({ socket }) => once(socket, 'close'));
  const slow = request(`${envd.url}/files?path=/run/upload`, {
    method: 'POST',
    headers: { ...asClient, 'content-type': 'application/octet-stream' },
  });
  slow.write('first half');
  const [socket]: [Socket] = await once(slow, 'socket').then(([first]) => [first]);
  if (socket.connecting) await once(socket, 'connect');
  // It has been heard when a later request on another connection is answered.
  await call('GET', '/health');

  const prepared = await prepare();
  expect(prepared).toMatchObject({ status: 204, connection: 'close' });
  await Promise.all(finished);
  expect(socket.destroyed).toBe(false);
  slow.end(' second half');
  expect(await answerTo(slow)).toMatchObject({ status: 200, connection: 'close' });
  expect((await call('GET', '/health')).connection).toBe('close');
});

test('after the next /init old connections are gone, its own goes on, and new ones are kept', async () => {
  await init();
  const old = request(`${envd.url}/files?path=/run/never-written`, {
    method: 'POST',
    headers: { ...asClient, 'content-type': 'application/octet-stream' },
  });
  old.write('x');
  const reset = once(old, 'error');
  await call('GET', '/health');
  await prepare();
  const agent = new Agent({ keepAlive: true });
  expect(await init({ agent })).toMatchObject({ status: 200, connection: 'keep-alive' });
  await reset;
  expect(await call('GET', '/health', { agent })).toMatchObject({ status: 200, connection: 'keep-alive' });
  agent.destroy();
});

test('what would change the machine is refused until then, and can be tried again', async () => {
  await init();
  await prepare();
  const processes = envd.client({ headers: asClient });
  await expect(runCommand(processes, 'true')).rejects.toMatchObject({ code: Code.Unavailable });
  const write = () =>
    call('POST', '/files/compose', { headers: asClient, body: '{"source_paths":[],"destination":"/run/x"}' });
  expect((await write()).status).toBe(503);
  await init();
  expect((await write()).status).toBe(400);
  expect((await runCommand(processes, 'true')).end.exitCode).toBe(0);
});

test('preparing twice is preparing once', async () => {
  await init();
  expect((await prepare()).status).toBe(204);
  expect((await prepare()).status).toBe(204);
  expect((await init()).status).toBe(200);
});

test('only the host lets a machine go on, and one that runs goes on as it does', async () => {
  expect((await goOn()).status).toBe(401);
  await init();
  expect((await goOn('', { headers: asClient })).status).toBe(401);
  expect((await goOn()).status).toBe(204);
  await prepare();
  expect((await goOn('', { headers: asClient })).status).toBe(401);
  expect(await goOn(now())).toMatchObject({ status: 204 });
  expect(await goOn(now())).toMatchObject({ status: 204 });
});

test('a machine that goes on keeps its streams and connections, and takes new work', async () => {
  await init();
  const processes = envd.client({ headers: asClient });
  const script = 'for i in $(seq 40); do echo $i; sleep 0.02; done';
  const counter = await StartedProcess.run(processes, 'sh', '-c', script);
  const begun = await counter.shows('3');
  await prepare();
  const agent = new Agent({ keepAlive: true });
  expect(await goOn(now(), { agent })).toMatchObject({ status: 204, connection: 'keep-alive' });
  expect(await call('GET', '/health', { agent })).toMatchObject({ status: 200, connection: 'keep-alive' });
  expect((await runCommand(processes, 'true')).end.exitCode).toBe(0);
  const { stdout, gaps } = await counter.rest();
  expect(gaps).toEqual([]);
  const counted = Array.from({ length: 40 }, (_, index) => index + 1).join('\n');
  expect(`${begun}${stdout}`).toBe(`${counted}\n`);
  agent.destroy();
});

test('a time that is none is refused, and the machine stays prepared', async () => {
  await init();
  await prepare();
  expect(await goOn('{"timestamp":"tomorrow"}')).toMatchObject({ status: 400 });
  const processes = envd.client({ headers: asClient });
  await expect(runCommand(processes, 'true')).rejects.toMatchObject({ code: Code.Unavailable });
});

test('the disk is written back for the host alone, and only while nobody writes', async () => {
  const sync = (headers: Record<string, string> = asHost) => call('POST', '/snapshot/sync', { headers });
  expect((await sync()).status).toBe(401);
  await init();
  expect((await sync()).status).toBe(409);
  await prepare();
  expect((await sync(asClient)).status).toBe(401);
  expect((await sync()).status).toBe(204);
  expect((await goOn()).status).toBe(204);
});
