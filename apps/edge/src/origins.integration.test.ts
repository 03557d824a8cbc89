import { portLink } from '@wrenn/core';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { ask, mirror } from './testing/ask.ts';
import { bodyOf, capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
let link: string;
afterEach(() => edge[Symbol.asyncDispose]());

async function start(outside: Parameters<typeof startEdge>[1] = {}): Promise<void> {
  edge = await startEdge(mirror, { ports: 'private', ...outside });
  new WebSocketServer({ server: edge.guest });
  link = portLink(edge.accessKey, edge.port, Math.floor(Date.now() / 1000) + 600);
}

const ownOrigin = () => `http://${edge.host}`;
/** Another capsule's page: to a browser it is of the same site. */
const siblings = () => `http://${edge.host.replace(/^\d+-cl-./, '80-cl-z')}`;

/** The status of a request with the cookie that a browser has for the port. */
async function statusWithCookie(
  method: string,
  headers: Record<string, string>,
): Promise<number | undefined> {
  const answer = await ask(edge, { method, headers: { cookie: `wrenn_access=${link}`, ...headers } });
  await bodyOf(answer);
  return answer.statusCode;
}

/** The same for a WebSocket. */
async function upgradeStatus(lines: string[]): Promise<string> {
  const socket = edge.connect();
  const head = [
    `GET / HTTP/1.1`,
    `Host: ${edge.host}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...lines,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  for await (const chunk of socket) return String(chunk).slice(9, 12);
  return '';
}

describe('a cookie for a private port', () => {
  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'opens it for a %s of its own pages, and not for one of others',
    async (method) => {
      await start();
      expect(await statusWithCookie(method, {})).toBe(200);
      expect(await statusWithCookie(method, { origin: ownOrigin() })).toBe(200);
      expect(await statusWithCookie(method, { origin: ownOrigin().toUpperCase() })).toBe(200);
      for (const origin of [siblings(), 'null', 'https://evil.example', `${ownOrigin()}1`, ''])
        expect(await statusWithCookie(method, { origin })).toBe(403);
    },
  );

  it('opens it for what only reads, whoever links to it', async () => {
    await start();
    for (const method of ['GET', 'HEAD'])
      expect(await statusWithCookie(method, { origin: siblings() })).toBe(200);
  });

  it('opens a WebSocket for its own pages and for programs, and not for pages of others', async () => {
    await start();
    const cookie = `Cookie: wrenn_access=${link}`;
    expect(await upgradeStatus([cookie])).toBe('101');
    expect(await upgradeStatus([cookie, `Origin: ${ownOrigin()}`])).toBe('101');
    for (const origin of [siblings(), 'null', 'https://evil.example'])
      expect(await upgradeStatus([cookie, `Origin: ${origin}`])).toBe('403');
    // Whoever has the credential itself may use it from where they like.
    expect(await upgradeStatus([`X-Wrenn-Access: ${link}`, `Origin: ${siblings()}`])).toBe('101');
  });

  it('knows the pages of a name behind a load balancer that speaks HTTPS', async () => {
    await start({ outside: { forwarded: 'trust' } });
    const https = { 'x-forwarded-proto': 'https' };
    const origin = `https://${edge.host}`;
    expect(await statusWithCookie('POST', { ...https, origin })).toBe(200);
    expect(await statusWithCookie('POST', { ...https, origin: ownOrigin() })).toBe(403);
    expect(await statusWithCookie('POST', { origin })).toBe(200);
  });
});

describe('the address to which a browser is sent on with its cookie', () => {
  const visit = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };

  it.each(['//evil.example/', '/\\evil.example/', '///evil.example', '//'])(
    'is on the same host for the path %s',
    async (path) => {
      await start();
      const answer = await ask(edge, { path: `${path}?wrenn_access=${link}&x=1`, headers: visit });
      expect(answer.statusCode).toBe(303);
      const { host, pathname, search } = new URL(answer.headers.location ?? '', ownOrigin());
      expect([host, pathname, search]).toEqual([edge.host, path.replaceAll('\\', '/'), '?x=1']);
    },
  );

  it.each([
    ['https', / Secure(?:;|$)/],
    ['https, http', / Secure(?:;|$)/],
    ['http', /^(?!.*Secure)/],
  ])('comes with a cookie as %s has it, where a trusted load balancer says so', async (protocol, cookie) => {
    await start({ outside: { forwarded: 'trust' } });
    const headers = { ...visit, 'x-forwarded-proto': protocol };
    const answer = await ask(edge, { path: `/?wrenn_access=${link}`, headers });
    expect(answer.headers['set-cookie']?.[0]).toMatch(cookie);
  });

  it('comes with one that needs no HTTPS, where nobody is trusted to say so', async () => {
    await start();
    const headers = { ...visit, 'x-forwarded-proto': 'https' };
    const answer = await ask(edge, { path: `/?wrenn_access=${link}`, headers });
    expect(answer.headers['set-cookie']?.[0]).not.toContain('Secure');
  });
});

describe('an address that capsules share', () => {
  const inPath = (path: string, headers: Record<string, string> = {}) =>
    ask(edge, {
      path: `/proxy/${capsuleId}/${edge.port}${path}`,
      headers: { host: edge.address, ...headers },
    });

  it('serves no service worker', async () => {
    edge = await startEdge(mirror);
    const refused = await inPath('/sw.js', { 'service-worker': 'script' });
    expect(refused.statusCode).toBe(403);
    expect(await bodyOf(refused)).toContain('service worker');
    expect((await inPath('/sw.js')).statusCode).toBe(200);
    expect((await ask(edge, { path: '/sw.js', headers: { 'service-worker': 'script' } })).statusCode).toBe(
      200,
    );
  });

  it('passes on nothing that speaks for all of it', async () => {
    edge = await startEdge((_request, response) => {
      response.setHeader('service-worker-allowed', '/');
      response.setHeader('clear-site-data', '"*"');
      response.setHeader('strict-transport-security', 'max-age=1');
      response.setHeader('x-own', 'kept');
      response.end();
    });
    const { headers } = await inPath('/');
    expect(headers).toMatchObject({ 'x-own': 'kept' });
    for (const name of ['service-worker-allowed', 'clear-site-data', 'strict-transport-security'])
      expect(headers).not.toHaveProperty(name);
    expect((await ask(edge, {})).headers).not.toHaveProperty('clear-site-data');
  });

  it("hides a link's credential in the address of a page from what the page loads", async () => {
    await start();
    const path = `/proxy/${capsuleId}/${edge.port}/`;
    const referer = `http://${edge.address}${path}?x=1&wrenn_access=${link}`;
    const answer = await inPath('/app.js', { referer, 'x-wrenn-access': link });
    const body = await bodyOf(answer);
    expect(body).toContain(`"http://${edge.address}${path}?x=1"`);
    expect(body).not.toContain(link);
  });

  it('tells the program where it is seen', async () => {
    edge = await startEdge(mirror);
    const { rawHeaders } = JSON.parse(await bodyOf(await inPath('/x', { 'x-forwarded-prefix': '/mine' })));
    const at = rawHeaders.indexOf('X-Forwarded-Prefix');
    expect(rawHeaders[at + 1]).toBe(`/proxy/${capsuleId}/${edge.port}`);
    expect(JSON.stringify(rawHeaders)).not.toContain('/mine');
    const atHost = await bodyOf(await ask(edge, { headers: { 'x-forwarded-prefix': '/mine' } }));
    expect(atHost).not.toMatch(/x-forwarded-prefix/i);
  });

  it('is no name of a domain, not even the one that clients of E2B ask by header', async () => {
    edge = await startEdge(mirror);
    const path = `/proxy/${capsuleId}/${edge.port}/`;
    const host = 'sandbox.capsules.example';
    expect((await ask(edge, { path, headers: { host } })).statusCode).toBe(404);
    const byHeaders = { host, 'e2b-sandbox-id': capsuleId, 'e2b-sandbox-port': String(edge.port) };
    expect((await ask(edge, { path: '/', headers: byHeaders })).statusCode).toBe(200);
  });
});
