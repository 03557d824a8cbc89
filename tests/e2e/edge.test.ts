import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WebSocket } from 'ws';
import { type AskPort, askPort, portHost } from '../support/ask-port.ts';
import { client } from '../support/client.ts';
import { programsConnectedTo } from '../support/connections.ts';
import { startGuestApp } from '../support/guest-app.ts';

const port = 8000;
let id: string;
let token: string;

beforeAll(async () => {
  ({ id } = await client().capsules.create({ autoResume: true }));
  await startGuestApp(client(), inject('wrenn').edgeUrl, id, port);
  ({ trafficAccessToken: token } = await client().ports.access(id));
});
afterAll(() => client().capsules.destroy(id));

const edge = () => new URL(inject('wrenn').edgeUrl);
const hostOf = (capsule: string, at = port) => portHost(edge(), capsule, at);
const proxyPath = () => `/proxy/${id}/${port}`;

function ask({ host = hostOf(id), headers = {}, ...rest }: Partial<AskPort> = {}) {
  return askPort(edge(), { ...rest, host, headers: { 'x-wrenn-access': token, ...headers } });
}

describe('a port of a capsule, at which a program listens on loopback alone', () => {
  it('is reached at a name of its own, by a path, and by the headers of E2B', async () => {
    expect(await text(await ask({ path: '/a%2Fb/?c' }))).toContain('GET /a%2Fb/?c');
    const here = edge().host;
    expect(await text(await ask({ host: here, path: `${proxyPath()}/x/` }))).toContain('GET /x/');
    const e2b = { 'e2b-sandbox-id': id.replace('-', ''), 'e2b-sandbox-port': String(port) };
    expect(await text(await ask({ host: here, path: '/y', headers: e2b }))).toContain('GET /y');
  });

  it('is taken by who goes before the connections that it has forked', async () => {
    const script =
      "for each in /proc/[0-9]*; do tr '\\0' ' ' <$each/cmdline 2>&1 | grep -q ' TCP4-LISTEN:' && cut -d ' ' -f 19 $each/stat; done; true";
    const events = await ask({ path: '/slow' });
    const { stdout } = await client().capsules.exec(id, { cmd: 'sh', args: ['-c', script] });
    events.destroy();
    const niceness = stdout.trim().split('\n').toSorted();
    expect(niceness[0]).toBe('-15');
    expect(new Set(niceness.slice(1))).toEqual(new Set(['0']));
  });

  it('is private: without a credential nobody gets in, with a link whoever has it', async () => {
    expect((await ask({ headers: { 'x-wrenn-access': '' } })).statusCode).toBe(403);
    const { url } = await client().ports.link(id, port);
    const { search } = new URL(url);
    const answer = await ask({ path: `/${search}`, headers: { 'x-wrenn-access': '' } });
    expect(answer.statusCode).toBe(200);
    expect(await text(answer)).not.toContain('wrenn_access');
  });

  it('can be made public, and private again', async () => {
    const anyone = () => ask({ headers: { 'x-wrenn-access': '' } }).then(({ statusCode }) => statusCode);
    await client().ports.change(id, { publicPorts: true });
    await expect.poll(anyone, { interval: 500 }).toBe(200);
    await client().ports.change(id, { publicPorts: false });
    await expect.poll(anyone, { interval: 500 }).toBe(403);
  });

  it('redirects in both forms of its address to where the client sees it', async () => {
    for (const [to, seen] of [
      ['/next/', '/next/'],
      ['https://other.example/', 'https://other.example/'],
    ] as const) {
      expect((await ask({ path: `/redirect?${to}` })).headers.location).toBe(seen);
      const inPath = await ask({ host: edge().host, path: `${proxyPath()}/redirect?${to}` });
      expect(inPath.headers.location).toBe(to.startsWith('/') ? `${proxyPath()}${seen}` : seen);
    }
    expect((await ask({ path: '/own' })).headers.location).toBe('/seen');
    const own = await ask({ host: edge().host, path: `${proxyPath()}/own` });
    expect(own.headers.location).toBe(`${proxyPath()}/seen`);
  });

  it('gives its cookies to its own name alone', async () => {
    expect((await ask()).headers['set-cookie']).toEqual(['app=1']);
  });

  it('streams events, takes uploads of megabytes, and answers HEAD', async () => {
    expect(await text(await ask({ path: '/events' }))).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n');
    const body = Buffer.alloc(8_000_000, 'wrenn');
    const sum = createHash('sha256').update(body).digest('hex');
    expect(await text(await ask({ method: 'POST', body }))).toBe(sum);
    const head = await ask({ method: 'HEAD', path: '/head' });
    expect([head.statusCode, await text(head)]).toEqual([200, '']);
  });

  it('speaks WebSocket, with the token as a subprotocol too', async () => {
    const socket = new WebSocket(`ws://${edge().host}/ws`, {
      headers: { host: hostOf(id), 'x-wrenn-access': token },
    });
    await once(socket, 'open');
    for (const message of ['one', 'two'.repeat(1000)]) {
      socket.send(message);
      const [data] = await once(socket, 'message');
      expect(String(data)).toBe(message);
    }
    socket.close();
    await once(socket, 'close');
  });

  it('that nobody listens on is said so as E2B says it', async () => {
    const answer = await ask({ host: hostOf(id, 9) });
    expect(answer.statusCode).toBe(502);
    expect(JSON.parse(await text(answer))).toMatchObject({
      message: 'The sandbox is running but port is not open',
      port: 9,
      code: 502,
    });
  });
});

it('the traffic of ports passes by the edge alone, and files by the relay', async () => {
  const { hostIp = '' } = await client().capsules.get(id);
  const stream = await ask({ path: '/slow' });
  expect(await programsConnectedTo(hostIp, port)).toEqual(['edge']);
  stream.destroy();
  const stop = new AbortController();
  const endless = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      controller.enqueue(Buffer.alloc(1024));
    },
  });
  const writing = client().files.write(id, '/tmp/endless', endless, {}, { signal: stop.signal });
  const broken = expect(writing).rejects.toThrow();
  await expect.poll(() => programsConnectedTo(hostIp, 49_983)).toContain('relay');
  stop.abort();
  await broken;
});

describe("a capsule's daemon, through the edge", () => {
  const daemon = (path: string, headers = {}) => ask({ host: hostOf(id, 49_983), path, headers });

  it('answers with its own token alone', async () => {
    expect((await daemon('/health')).statusCode).toBe(200);
    expect((await daemon('/files?path=/etc/hostname')).statusCode).toBe(401);
  });

  it('has nothing for anybody of what is for its host', async () => {
    for (const path of ['/init', '/snapshot/prepare', '//init', '/%69nit']) {
      expect((await daemon(path)).statusCode).toBe(404);
    }
  });
});

describe('a capsule that is paused', () => {
  it('is woken by a request, which waits for it with its body', async () => {
    await client().capsules.pause(id);
    const body = Buffer.alloc(1_000_000, 'parked');
    const sum = createHash('sha256').update(body).digest('hex');
    const all = await Promise.all([
      ask({ method: 'POST', body }),
      ask({ path: '/seen' }),
      ask({ path: '/seen' }),
    ]);
    expect(await Promise.all(all.map((answer) => text(answer)))).toEqual([
      sum,
      expect.stringContaining('GET /seen'),
      expect.stringContaining('GET /seen'),
    ]);
    expect(await client().capsules.get(id)).toMatchObject({ status: 'running' });
  });

  it('is woken by a WebSocket, which waits for it', async () => {
    await client().capsules.pause(id);
    const headers = { host: hostOf(id), 'x-wrenn-access': token };
    const socket = new WebSocket(`ws://${edge().host}/ws`, { headers });
    await once(socket, 'open');
    socket.send('after the pause');
    const [data] = await once(socket, 'message');
    expect(String(data)).toBe('after the pause');
    socket.close();
    await once(socket, 'close');
  });

  it('and was not made to be woken says so', async () => {
    const { id: other } = await client().capsules.create({ publicPorts: true });
    await client().capsules.pause(other);
    const answer = await ask({ host: hostOf(other) });
    expect(answer.statusCode).toBe(409);
    expect(JSON.parse(await text(answer))).toMatchObject({ message: 'the capsule is paused' });
    await client().capsules.destroy(other);
  });

  it('that somebody streams from is not paused for being idle, and is when nobody does', async () => {
    const { id: other } = await client().capsules.create({ publicPorts: true });
    await startGuestApp(client(), inject('wrenn').edgeUrl, other, port);
    // Only now, since the application takes its time to start.
    await client().capsules.pause(other);
    await client().capsules.resume(other, { timeoutSec: 6 });
    const stream = await ask({ host: hostOf(other), path: '/slow' });
    let bytes = 0;
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    // A kibibyte every fifth of a second: for more than twice its time.
    await expect.poll(() => bytes).toBeGreaterThan(65 * 1024);
    expect(await client().capsules.get(other)).toMatchObject({ status: 'running' });
    stream.destroy();
    await expect
      .poll(async () => (await client().capsules.get(other)).status, { interval: 500 })
      .toBe('paused');
    await client().capsules.destroy(other);
  });
});

it('destroying a capsule resets its connections, and says then that it is gone', async () => {
  const { id: other } = await client().capsules.create({ publicPorts: true });
  await startGuestApp(client(), inject('wrenn').edgeUrl, other, port);
  const stream = await ask({ host: hostOf(other), path: '/slow' });
  const ended = text(stream);
  const reset = expect(ended).rejects.toMatchObject({ code: 'ECONNRESET' });
  await client().capsules.destroy(other);
  await reset;
  const gone = await ask({ host: hostOf(other) });
  expect(gone.statusCode).toBe(404);
  const e2b = { 'e2b-sandbox-id': other, 'e2b-sandbox-port': '8000' };
  const toE2b = await ask({ host: edge().host, headers: e2b });
  expect(toE2b.statusCode).toBe(502);
  expect(JSON.parse(await text(toE2b))).toMatchObject({ message: 'The sandbox was not found' });
});
