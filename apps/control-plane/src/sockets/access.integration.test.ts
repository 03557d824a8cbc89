import { once } from 'node:events';
import { newId } from '@wrenn/core';
import { FakeHostAgent, type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { withScope } from '../access/route-auth.ts';
import { migrateUrl } from '../db/migrator.ts';
import { buildApp } from '../http/app.ts';
import { listen } from '../http/listen.ts';
import { createKey } from '../keys/store.ts';
import { insertMember, removeMember } from '../teams/members.ts';
import { type Person, person, signIn } from '../teams/testing/people.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { moveSession, revokeSessions } from '../users/login-sessions.ts';
import type { SocketRoute } from './socket-route.ts';
import { Sockets } from './sockets.ts';

/** Says in whose name it was opened, then sends back what it hears. */
const fakeEcho: SocketRoute = {
  path: '/echo',
  auth: withScope('capsules:exec'),
  audits: 'capsule.terminal',
  async serve(_context, channel, { teamId }) {
    await channel.send({ type: 'open', team: teamId });
    for (let message = await channel.next(); message !== undefined; message = await channel.next()) {
      if (message.kind === 'text') await channel.send({ type: 'echo', text: message.text });
    }
  },
};

let databases: TestDatabases;
let server: TestServer<FakeHostAgent>;
let stop: () => Promise<void>;
let url: string;
let ann: Person;
const capsule = newId('capsule');

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await startTestServer({
    databaseUrl: await databases.fresh(),
    startAgent: (tls) => FakeHostAgent.start(tls),
  });
  const { context } = server.controlPlane;
  const sockets = new Sockets(context, [fakeEcho], { accessEveryMs: 20 });
  const app = await buildApp(context, [], sockets);
  url = (await listen(app, { host: '127.0.0.1', port: 0 })).replace('http', 'ws');
  stop = async () => {
    await sockets.close();
    await app.close();
  };
  ann = await person(server.controlPlane, 'Ann');
});
afterAll(async () => {
  await stop?.();
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

const database = () => server.controlPlane.context.database;
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A socket that is open, with what it says next. */
async function open(headers: Record<string, string>, path = `/v1/capsules/${capsule}/echo`) {
  const socket = new WebSocket(`${url}${path}`, { headers });
  const frames: object[] = [];
  socket.on('message', (data) => frames.push(JSON.parse(String(data)) as object));
  const closed = once(socket, 'close');
  const first = await Promise.race([once(socket, 'message'), closed]);
  return { socket, frames, first, closed: closed.then(([code]: unknown[]) => code) };
}

async function statusOfRefusal(headers: Record<string, string>, path: string): Promise<number | undefined> {
  const socket = new WebSocket(`${url}${path}`, { headers });
  socket.on('error', () => undefined);
  const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { statusCode?: number }];
  socket.terminate();
  return response.statusCode;
}

test('a socket is cut off when its session is revoked, and hears nothing after that', async () => {
  const { id, email, name, teamId } = ann;
  const session = await signIn(server.controlPlane, { id, email, name }, teamId);
  const { frames, closed, socket } = await open(bearer(session.token));
  await revokeSessions(database(), ann.id, { only: session.sessionId });
  expect(await closed).toBe(1008);
  expect(frames.at(-1)).toMatchObject({ type: 'error', fatal: true, error: { code: 'unauthorized' } });
  expect(socket.readyState).toBe(WebSocket.CLOSED);
});

test('… when its API key is revoked', async () => {
  const { key } = await createKey(database(), { teamId: ann.teamId, name: 'one' });
  const { frames, closed } = await open({ 'x-api-key': key.reveal() });
  await database().deleteFrom('api_keys').where('name', '=', 'one').execute();
  expect(await closed).toBe(1008);
  expect(frames.at(-1)).toMatchObject({ error: { code: 'unauthorized' } });
});

test('… when its user is removed from the team, though not when the session goes on to another', async () => {
  const bob = await person(server.controlPlane, 'Bob');
  await insertMember(database(), ann.teamId, bob.id, 'member');
  const session = await signIn(server.controlPlane, bob, ann.teamId);
  const { socket, frames, closed } = await open(bearer(session.token));
  await moveSession(database(), session.sessionId, bob.teamId);
  for (const text of ['a', 'b', 'c']) {
    socket.send(text);
    await once(socket, 'message');
  }
  await removeMember(database(), ann.teamId, bob.id);
  expect(await closed).toBe(1008);
  expect(frames.at(-1)).toMatchObject({ error: { code: 'forbidden' } });
});

test('below /v1/admin it is opened in the name of the platform, until administration is revoked', async () => {
  const root = await person(server.controlPlane, 'Root', { isAdmin: true });
  const path = `/v1/admin/capsules/${capsule}/echo`;
  expect(await statusOfRefusal(bearer(ann.token), path)).toBe(403);
  expect(await statusOfRefusal({ 'x-api-key': server.apiKey }, path)).toBe(403);
  const { frames, closed } = await open(bearer(root.token), path);
  expect(frames[0]).toEqual({ type: 'open', team: 'team-0000000000000000000000000' });
  await database().updateTable('users').set({ is_admin: false }).where('name', '=', 'Root').execute();
  expect(await closed).toBe(1008);
});

test('a browser shows who it is in the first frame, also to the sockets of the platform', async () => {
  const root = await person(server.controlPlane, 'Root', { isAdmin: true });
  for (const [token, answer] of [
    [root.token, { type: 'open' }],
    [ann.token, { type: 'error', error: { code: 'forbidden' } }],
    ['nonsense', { type: 'error', error: { code: 'unauthorized' } }],
  ] as const) {
    const socket = new WebSocket(`${url}/v1/admin/capsules/${capsule}/echo`);
    await once(socket, 'open');
    socket.send(JSON.stringify({ type: 'auth', token }));
    const [data] = (await once(socket, 'message')) as [Buffer];
    expect(JSON.parse(String(data))).toMatchObject(answer);
    socket.terminate();
  }
});
