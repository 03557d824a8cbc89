import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { parseId } from '@wrenn/core';
import { WrennClient } from '@wrenn/sdk';
import { FakeHostAgent, type FakeHostTls, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemActor } from '../access/principal.ts';
import { migrateUrl } from '../db/migrator.ts';
import { ensureDefaultTeam } from '../teams/store.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { download, type Place, upload } from './transfer.ts';

const patient = { connectMs: 60_000, headMs: 60_000 };
const never = new AbortController().signal;
const file = { path: 'a', user: '' };

let databases: TestDatabases;
let server: TestServer<FakeHostAgent>;
let place: Place;
let relay: Server;
/** Undefined: it takes connections, and never says anything of TLS. */
let handle: ((asked: IncomingMessage, answer: ServerResponse) => unknown) | undefined;
const sockets = new Set<Socket>();
beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: async (tls) => {
      relay = await startRelay(tls);
      const agent = await FakeHostAgent.start(tls);
      agent.facts = { ...agent.facts, relayPort: (relay.address() as AddressInfo).port };
      return agent;
    },
  });
  const { id } = await new WrennClient({ baseUrl: server.url, apiKey: server.apiKey }).capsules.create();
  const { context } = server.controlPlane;
  const doer = { teamId: await ensureDefaultTeam(context.database), actor: systemActor };
  place = { context, doer, capsuleId: parseId('capsule', id) };
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  relay?.close();
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

async function startRelay({ ca, certificate: cert, key }: FakeHostTls): Promise<Server> {
  const options = { ca, cert, key, requestCert: true, minVersion: 'TLSv1.3' } as const;
  const speaking = createTlsServer(options, (request, response) => void handle?.(request, response));
  const made = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    if (handle !== undefined) speaking.emit('connection', socket);
  });
  await once(made.listen(0, '127.0.0.1'), 'listening');
  return made;
}

describe('a host', () => {
  test('whose relay takes no connection is not waited for, whatever is asked of it', async () => {
    const bounds = { ...patient, connectMs: 50 };
    const unavailable = { code: 'host_unavailable', message: expect.stringContaining('no connection') };
    handle = undefined;
    await expect(download(place, file, never, bounds)).rejects.toMatchObject(unavailable);
    const sent = { ...file, length: undefined, body: new PassThrough() };
    await expect(upload(place, sent, never, bounds)).rejects.toMatchObject(unavailable);
  });

  test('that says nothing of a file is not waited for', async () => {
    handle = () => undefined;
    await expect(download(place, file, never, { ...patient, headMs: 50 })).rejects.toMatchObject({
      code: 'deadline_exceeded',
      retryable: true,
    });
  });

  test('has all the time that it wants for the rest of a file', async () => {
    const rest = Promise.withResolvers<void>();
    handle = async (_request, response) => {
      response.writeHead(200).write('begin');
      await rest.promise;
      response.end(' end');
    };
    const answer = await download(place, file, never, patient);
    rest.resolve();
    expect(await text(answer)).toBe('begin end');
  });

  test('says what it made of a file after all of it, however long that takes', async () => {
    const heard = Promise.withResolvers<void>();
    let got = '';
    handle = async (request, response) => {
      heard.resolve();
      got = await text(request);
      response.writeHead(200).end();
    };
    const body = new PassThrough();
    const uploaded = upload(place, { ...file, length: undefined, body }, never, patient);
    body.write('begin');
    await heard.promise;
    body.end(' end');
    await uploaded;
    expect(got).toBe('begin end');
  });
});
