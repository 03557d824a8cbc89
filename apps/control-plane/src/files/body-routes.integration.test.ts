import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { deadline, until } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { FakeSessionHost, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';

let databases: TestDatabases;
let server: TestServer<FakeSessionHost>;
let url: string;
/** What the guest was asked for. */
let asked: string[] = [];

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeSessionHost.start(tls),
  });
  const { id } = await new WrennClient({ baseUrl: server.url, apiKey: server.apiKey }).capsules.create();
  url = `${server.url}/v1/capsules/${id}/files`;
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});
beforeEach(() => {
  asked = [];
});

/** Lets the guest answer for its files. */
function guestAnswers(answer: (request: IncomingMessage, response: ServerResponse) => void): void {
  server.agent.relay = (request, response) => {
    asked.push(String(request.url));
    answer(request, response);
  };
}

const ask = (method: string, path: string, headers: Record<string, string> = {}) =>
  fetch(`${url}${path}`, { method, headers: { 'x-api-key': server.apiKey, ...headers } });

describe('HEAD of a file', () => {
  it('is the head of its GET, and what the file holds stays in the guest', async () => {
    const left: boolean[] = [];
    guestAnswers((_request, response) => {
      response.once('close', () => left.push(!response.writableFinished));
      response.writeHead(200, { 'content-length': 2 ** 40, etag: '"one"', 'accept-ranges': 'bytes' });
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024)));
        response.once('drain', more);
      };
      more();
    });
    const answer = await ask('HEAD', '/content?path=large');
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-length': String(2 ** 40),
      'content-type': 'application/octet-stream',
      'accept-ranges': 'bytes',
      etag: '"one"',
    });
    using limit = deadline(40_000, 'the guest being left alone');
    await until(() => (left.length > 0 ? true : undefined), 5, limit);
    expect(left).toEqual([true]);
  });

  it.each([
    ['knows conditions', 304],
    ['tells what is not there', 404],
  ])('%s', async (_what, status) => {
    guestAnswers((request, response) => {
      expect(request.headers['if-none-match']).toBe('"one"');
      response.writeHead(status, { etag: '"one"' }).end();
    });
    const answer = await ask('HEAD', '/content?path=a', { 'if-none-match': '"one"' });
    expect(answer.status).toBe(status);
  });
});

it('nobody packs a folder for HEAD', async () => {
  guestAnswers((_request, response) => void response.writeHead(200).end('tar'));
  expect((await ask('HEAD', '/archive?path=folder')).status).toBe(404);
  expect(asked).toEqual([]);
  expect(await (await ask('GET', '/archive?path=folder')).text()).toBe('tar');
});

describe('a file that is written under conditions', () => {
  const put = (headers: Record<string, string>) =>
    fetch(`${url}/content?path=a`, {
      method: 'PUT',
      body: 'content',
      headers: { 'x-api-key': server.apiKey, ...headers },
    });

  it('has them told to the capsule, and its tag told to whoever wrote it', async () => {
    let told: IncomingHttpHeaders = {};
    guestAnswers((request, response) => {
      told = request.headers;
      request.resume().on('end', () => response.writeHead(200, { etag: '"two"' }).end());
    });
    const answer = await put({ 'if-match': '"one"', 'if-none-match': '"three"' });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('etag')).toBe('"two"');
    expect(told).toMatchObject({ 'if-match': '"one"', 'if-none-match': '"three"' });
  });

  it('is refused by name where another version is there', async () => {
    guestAnswers((_request, response) => {
      response.writeHead(412, { 'content-type': 'application/json' });
      const fault = { message: 'another version', error: 'precondition_failed', field: 'if-match' };
      response.end(JSON.stringify({ code: 412, ...fault }));
    });
    const answer = await put({ 'if-match': '"one"' });
    expect(answer.status).toBe(412);
    expect(await answer.json()).toMatchObject({ error: { code: 'precondition_failed', field: 'if-match' } });
  });
});

describe('a file that comes by a form', () => {
  const send = async (fields: Readonly<Record<string, string>>, route = 'write') => {
    const form = new FormData();
    for (const [name, value] of Object.entries(fields)) form.append(name, value);
    form.append('file', new Blob(['content']), 'name');
    const body = { method: 'POST', body: form, headers: { 'x-api-key': server.apiKey } };
    return await fetch(`${url}/${route}`, body);
  };

  it.each(['write', 'stream/write'])(
    'by %s is written where its fields say, as whom they say',
    async (route) => {
      let written = '';
      guestAnswers((request, response) => {
        request.on('data', (data) => {
          written += String(data);
        });
        request.on('end', () => response.writeHead(200).end());
      });
      expect((await send({ path: 'a b', user: 'root' }, route)).status).toBe(204);
      expect(written).toBe('content');
      expect(asked[0]).toMatch(/path=a\+b&username=root$/);
    },
  );

  it.each([
    ['without a path', {}, 'path', 'must come before'],
    ['with an empty path', { path: '' }, 'path', ''],
    ['with NUL in its path', { path: 'a\0b' }, 'path', 'NUL'],
    ['with too long a path', { path: 'a'.repeat(4097) }, 'path', ''],
    ['with NUL in its user', { path: 'a', user: 'r\0t' }, 'user', 'NUL'],
    ['with too long a user', { path: 'a', user: 'u'.repeat(65) }, 'user', ''],
  ])('is refused by name %s, as by every other route', async (_what, fields, field, problem) => {
    guestAnswers((_request, response) => void response.writeHead(200).end());
    const answer = await send(fields);
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: { code: 'invalid_request', field, message: expect.stringContaining(problem) },
    });
    expect(asked).toEqual([]);
  });
});
