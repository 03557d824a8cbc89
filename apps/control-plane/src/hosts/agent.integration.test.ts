import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { idFromUuid, newId, WrennError } from '@wrenn/core';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { HostAgent } from './agent.ts';
import { readCredentials } from './credentials.ts';

const never = new AbortController().signal;
const capsule = newId('capsule');
const unavailable = { code: 'host_unavailable', retryable: true };

let databases: TestDatabases;
let server: TestServer<FakeHostAgent>;
/** Between the two: it passes everything on, or takes it and is silent. */
let way: Server;
let wayIs: 'open' | 'silent';
const sockets = new Set<Socket>();
let agent: HostAgent;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
  });
  const to = Number(server.agent.address.split(':')[1]);
  way = createServer((client) => {
    const host = connect(to, '127.0.0.1');
    client.on('data', (bytes) => wayIs === 'open' && host.write(bytes));
    host.on('data', (bytes) => wayIs === 'open' && client.write(bytes));
    for (const socket of [client, host]) sockets.add(socket.on('error', () => socket.destroy()));
  });
  await once(way.listen(0, '127.0.0.1'), 'listening');
});
beforeEach(async () => {
  wayIs = 'open';
  const { database } = server.controlPlane.context;
  const { id } = await database.selectFrom('hosts').select('id').executeTakeFirstOrThrow();
  const { port } = way.address() as AddressInfo;
  const credentials = await readCredentials(server.config.directory);
  agent = new HostAgent(idFromUuid('host', id), `127.0.0.1:${port}`, credentials, 100);
  return () => agent[Symbol.dispose]();
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  way?.close();
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

const attach = () => agent.attachTerminal({ sandboxId: capsule, tag: 'a' }, never).next();
const uses = [
  ['to look at it', attach],
  [
    'to type into it',
    () => agent.typeInto(capsule, { tag: 'a', data: Buffer.from('x'), writer: '', offset: 0n }, never),
  ],
  ['to resize it', () => agent.resizeTerminal(capsule, { tag: 'a', cols: 1, rows: 1 }, never)],
  ['to kill it', () => agent.killTerminal(capsule, 'a', never)],
] as const;

describe('a terminal at a host that is silent', () => {
  it.each(uses)('cannot be reached %s', async (_what, use) => {
    wayIs = 'silent';
    await expect(use()).rejects.toMatchObject(unavailable);
  });

  it('cannot be reached by connections that were kept', async () => {
    const attached = () => attach().catch((thrown: unknown) => WrennError.from(thrown).code);
    // The fake has no terminals, and says so: it was reached.
    await expect.poll(attached).toBe('not_implemented');
    wayIs = 'silent';
    await expect(attach()).rejects.toMatchObject(unavailable);
  });
});
