import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { newId } from '@wrenn/core';
import { Passage } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { moveBody } from './bodies.ts';

const log = createLogger('test', 'silent');
const patient = { connectMs: 60_000, headMs: 60_000 };

let guest: Server;
let relay: Server;
let passage: Passage;
let handle: (asked: IncomingMessage, answer: ServerResponse) => unknown;
let bounds: typeof patient;
beforeEach(async () => {
  bounds = patient;
  guest = createServer((asked, answer) => void handle(asked, answer));
  passage = new Passage(newId('capsule'), '127.0.0.1', 'the token');
  relay = createServer((asked, answer) => {
    void moveBody({ path: '/files?path=a', passage: async () => passage }, asked, answer, log, bounds);
  });
  for (const server of [guest, relay]) await once(server.listen(0, '127.0.0.1'), 'listening');
  goBy(() => connect(portOf(guest), '127.0.0.1'));
});
afterEach(() => {
  passage.drop();
  for (const server of [guest, relay]) {
    server.close();
    server.closeAllConnections();
  }
});

/** The guest's daemon has a port of its own otherwise. */
function goBy(createConnection: () => Socket): void {
  Object.assign(passage.pool.kept, { createConnection });
}
const portOf = (server: Server) => (server.address() as AddressInfo).port;
const ask = (method: 'GET' | 'POST') => request({ port: portOf(relay), host: '127.0.0.1', method });

describe('a guest', () => {
  it('that cannot be reached is not waited for', async () => {
    goBy(() => new Socket());
    bounds = { ...patient, connectMs: 20 };
    const [answer] = await once(ask('GET').end(), 'response');
    expect(answer.statusCode).toBe(503);
    expect(await json(answer)).toMatchObject({ error: 'host_unavailable', remedy: 'try again' });
  });

  it('that says nothing of the file is not waited for', async () => {
    handle = () => undefined;
    bounds = { ...patient, headMs: 20 };
    const [answer] = await once(ask('GET').end(), 'response');
    expect(answer.statusCode).toBe(504);
    expect(await json(answer)).toMatchObject({ error: 'deadline_exceeded' });
  });

  it('has all the time that it wants for the rest of the file', async () => {
    const rest = Promise.withResolvers<void>();
    handle = async (_asked, answer) => {
      answer.writeHead(200).write('begin');
      await rest.promise;
      answer.end(' end');
    };
    const [answer] = await once(ask('GET').end(), 'response');
    rest.resolve();
    expect(await text(answer)).toBe('begin end');
  });

  it('that is sent a file answers when it has it, however long that takes', async () => {
    bounds = { ...patient, headMs: 20 };
    handle = async (asked, answer) => answer.end(`had ${await text(asked)}`);
    const sent = ask('POST');
    const heard = once(guest, 'request');
    sent.write('begin');
    await heard;
    const since = performance.now();
    await expect.poll(() => performance.now() - since).toBeGreaterThan(60);
    sent.end(' end');
    const [answer] = await once(sent, 'response');
    expect(await text(answer)).toBe('had begin end');
  });
});
