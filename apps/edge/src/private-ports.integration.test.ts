import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { accessKey, portLink, trafficToken } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bodyOf, capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
let token: string;
let link: string;
const lastsSec = 600;
const now = () => Math.floor(Date.now() / 1000);

beforeEach(async () => {
  edge = await startEdge(
    (request, response) => response.end(JSON.stringify([request.url, request.rawHeaders])),
    {
      ports: 'private',
    },
  );
  token = trafficToken(edge.accessKey);
  link = portLink(edge.accessKey, edge.port, now() + lastsSec);
});
afterEach(() => edge[Symbol.asyncDispose]());

async function get(path: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const sent = httpRequest(`http://${edge.address}`, {
    path,
    headers: { host: edge.host, ...headers },
    agent: false,
  });
  sent.end();
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  return answer;
}

const visit = { accept: 'text/html', 'sec-fetch-mode': 'navigate' };

describe('a private port', () => {
  it('is open with the traffic token, by our name of the header and by that of E2B', async () => {
    expect((await get('/', { 'x-wrenn-access': token })).statusCode).toBe(200);
    expect((await get('/', { 'e2b-traffic-access-token': token })).statusCode).toBe(200);
  });

  it('is open with a link for any client, and the guest does not see it', async () => {
    const answer = await get(`/a?x=1&wrenn_access=${link}`);
    expect(answer.statusCode).toBe(200);
    const body = await bodyOf(answer);
    expect(JSON.parse(body)[0]).toBe('/a?x=1');
    expect(body).not.toContain(link);
  });

  it("keeps a browser's link in a cookie of this name alone, and takes it out of the address", async () => {
    const answer = await get(`/a/?wrenn_access=${link}&x=%2F`, visit);
    expect(answer.statusCode).toBe(303);
    expect(answer.headers).toMatchObject({ location: '/a/?x=%2F', 'referrer-policy': 'no-referrer' });
    const [cookie = ''] = answer.headers['set-cookie'] ?? [];
    const [, age] = /; HttpOnly; SameSite=Lax; Max-Age=(\d+)$/.exec(cookie) ?? [];
    // As long as the link is good for: a part of that is over.
    expect(Number(age)).toBeGreaterThan(0);
    expect(Number(age)).toBeLessThanOrEqual(lastsSec);
    expect(cookie).not.toMatch(/domain/i);
    const again = await get('/a/?x=%2F', { ...visit, cookie: cookie.split(';', 1)[0] ?? '' });
    expect(again.statusCode).toBe(200);
    expect(await bodyOf(again)).not.toContain('wrenn_access');
  });

  it.each([
    ['nothing', () => ({})],
    ['nonsense', () => ({ 'x-wrenn-access': 'x' })],
    ['an empty token', () => ({ 'x-wrenn-access': '' })],
    [
      "another capsule's token",
      () => ({ 'x-wrenn-access': trafficToken(accessKey(edge.accessKey, capsuleId, 2)) }),
    ],
    [
      'a link for another port',
      () => ({ 'x-wrenn-access': portLink(edge.accessKey, edge.port + 1, now() + lastsSec) }),
    ],
    ['a link that has expired', () => ({ 'x-wrenn-access': portLink(edge.accessKey, edge.port, now() - 1) })],
    [
      'a link with a later expiry',
      () => ({ 'x-wrenn-access': link.replace(/\.\d{10}\./, `.${now() + 9999}.`) }),
    ],
  ])('is closed with %s', async (_what, headers) => {
    const answer = await get('/', headers() as Record<string, string>);
    expect(answer.statusCode).toBe(403);
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({ code: 403, sandboxId: capsuleId });
  });

  it('is closed for cookies in the path form, where the pages of all capsules share a name', async () => {
    const path = `/proxy/${capsuleId}/${edge.port}/`;
    const inPath = (headers: Record<string, string>) => get(path, { host: edge.address, ...headers });
    expect((await inPath({ cookie: `wrenn_access=${link}` })).statusCode).toBe(403);
    expect((await inPath({ 'x-wrenn-access': token })).statusCode).toBe(200);
    const opened = await get(`${path}?wrenn_access=${link}`, { host: edge.address, ...visit });
    expect(opened.statusCode).toBe(200);
    expect(opened.headers['set-cookie']).toBeUndefined();
  });

  it('tells a person in a page what to do', async () => {
    const answer = await get('/', visit);
    expect(answer.statusCode).toBe(403);
    expect(await bodyOf(answer)).toContain('This port is private');
  });
});
