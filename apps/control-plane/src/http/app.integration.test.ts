import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { fc, test as property } from '@fast-check/vitest';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withScope } from '../access/route-auth.ts';
import { migrateUrl } from '../db/migrator.ts';
import type { Extension } from '../extension.ts';
import { Sockets } from '../sockets/sockets.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { buildApp } from './app.ts';
import { callerOf } from './auth.ts';

let databases: TestDatabases;
let server: TestServer<FakeHostAgent>;
const worked = Promise.withResolvers<void>();
const routes: { method: string; url: string; auth: unknown }[] = [];
let http: Server;

/** Watches, as an extension can, and adds one thing of each kind. */
const sample: Extension = {
  name: 'sample',
  middleware: (app) => {
    http = app.server;
    app.addHook('onRoute', ({ method, url, config }) => {
      for (const name of [method].flat()) routes.push({ method: name, url, auth: config?.auth });
    });
    app.addHook('onSend', async (_request, reply) => void reply.header('x-sample', 'was here'));
  },
  routes: (app, context) => {
    app.get('/v1/sample', { config: { auth: withScope('capsules:read') } }, async (request) => ({
      team: callerOf(request).teamId,
      version: context.version,
    }));
  },
  workers: () => [{ name: 'sample', run: async () => worked.resolve() }],
};

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
    extensions: [sample],
  });
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

describe('authentication', () => {
  test('every route that needs a key refuses a request without one', async () => {
    for (const { method, url } of routes.filter((route) => route.auth !== 'none')) {
      const path = `${server.url}${url.replace(':id', 'cl-0000000000000000000000000')}`;
      expect([url, (await fetch(path, { method })).status]).toEqual([url, 401]);
    }
  });

  test('every one of them refuses an upgrade to a WebSocket without one, as what it is: a request', async () => {
    for (const { method, url } of routes.filter((route) => route.auth !== 'none')) {
      const path = url.replace(':id', 'cl-0000000000000000000000000').replace(/:\w+/g, '1');
      const answer = await exchange(
        `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
          'sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
      );
      expect([method, url, answer.split('\r\n', 1)[0]]).toEqual([method, url, 'HTTP/1.1 401 Unauthorized']);
    }
  });

  test('a route that does not state it keeps the server from starting', async () => {
    const careless: Extension = {
      name: 'careless',
      routes: (app) => void app.get('/open', async () => 'oops'),
    };
    await expect(
      buildApp(server.controlPlane.context, [careless], new Sockets(server.controlPlane.context, [])),
    ).rejects.toThrow('/open');
  });
});

describe('an extension', () => {
  test('adds a route, a hook for all routes, and a worker', async () => {
    await worked.promise;
    const response = await fetch(`${server.url}/v1/sample`, { headers: { 'x-api-key': server.apiKey } });
    expect(await response.json()).toEqual({
      team: expect.stringMatching(/^team-/),
      version: expect.any(String),
    });
    expect((await fetch(`${server.url}/health`)).headers.get('x-sample')).toBe('was here');
  });
});

describe('a connection', () => {
  test('has 10 seconds for headers, and may idle for longer than 10 minutes', () => {
    expect(http).toMatchObject({ headersTimeout: 10_000, keepAliveTimeout: 620_000, requestTimeout: 0 });
  });

  test('that takes too long for headers is looked for often', async () => {
    const usual = http.headersTimeout;
    http.headersTimeout = 50;
    try {
      const { hostname, port } = new URL(server.url);
      const slow = connect(Number(port), hostname).on('error', () => undefined);
      slow.write('GET /health HTTP/1.1\r\n');
      // Node itself looks every 30 seconds.
      await once(slow.resume(), 'close', { signal: AbortSignal.timeout(27_000) });
    } finally {
      http.headersTimeout = usual;
    }
  });
});

describe('whatever is sent', () => {
  const post = (path: string, body: unknown) =>
    fetch(`${server.url}${path}`, {
      method: 'POST',
      headers: { 'x-api-key': server.apiKey, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  let id: string;
  beforeAll(async () => {
    const made = (await (await post('/v1/capsules', {})).json()) as { id: string };
    id = made.id;
  });
  const createFields = fc.record(
    {
      template: fc.oneof(fc.string({ unit: 'binary' }), fc.constant('minimal')),
      vcpus: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.double()),
      memory_mb: fc.oneof(fc.constant(128), fc.integer()),
      timeout_sec: fc.oneof(fc.nat(), fc.maxSafeInteger()),
      metadata: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
      envs: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
    },
    { requiredKeys: [] },
  );
  const execFields = fc.record(
    {
      cmd: fc.string({ unit: 'binary' }),
      args: fc.array(fc.string({ unit: 'binary' })),
      stdin: fc.string(),
      timeout_sec: fc.nat(3),
    },
    { requiredKeys: ['cmd'] },
  );

  property.prop([fc.oneof(fc.jsonValue(), createFields)], { numRuns: 150 })(
    'a create is never a 5xx but for want of room',
    async (body) => {
      const response = await post('/v1/capsules', body);
      if (response.status >= 500) {
        expect(await response.json()).toMatchObject({ error: { code: 'no_hosts_available' } });
      }
    },
  );

  property.prop([fc.oneof(fc.jsonValue(), execFields)], { numRuns: 150 })(
    'an exec is never a 5xx',
    async (body) => {
      expect((await post(`/v1/capsules/${id}/exec`, body)).status).toBeLessThan(500);
    },
  );

  property.prop([fc.webPath(), fc.webQueryParameters()], { numRuns: 100 })(
    'a path is never a 5xx',
    async (path, query) => {
      const response = await fetch(`${server.url}/v1/capsules${path}?${query}`, {
        headers: { 'x-api-key': server.apiKey },
      });
      expect(response.status).toBeLessThan(500);
    },
  );

  property.prop([fc.string({ unit: 'binary' })], { numRuns: 50 })(
    'bytes that are not HTTP do no harm',
    async (text) => {
      await exchange(`${text}\r\n\r\n`);
      expect((await fetch(`${server.url}/health`)).status).toBe(200);
    },
  );
});

/** Sends bytes and returns what comes back until the server closes, or the first of it. */
function exchange(bytes: string): Promise<string> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.end(bytes));
    socket.once('data', (chunk) => {
      socket.destroy();
      resolve(String(chunk));
    });
    socket.once('close', () => resolve(''));
    socket.once('error', reject);
  });
}
