import { once } from 'node:events';
import {
  Agent,
  createServer,
  get,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { get as getSecurely } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerTo } from './answer-to.ts';

const patient = { connectMs: 60_000, headMs: 60_000 };

let server: Server;
let handle: (asked: IncomingMessage, answer: ServerResponse) => unknown;
let url: string;
beforeEach(async () => {
  server = createServer((asked, answer) => void handle(asked, answer));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

describe('an answer', () => {
  it('is there with its head, and its body takes as long as it takes', async () => {
    const rest = Promise.withResolvers<void>();
    handle = async (_asked, answer) => {
      answer.writeHead(200).write('begin');
      await rest.promise;
      answer.end(' end');
    };
    const answer = await answerTo(get(url), 'the server', patient);
    rest.resolve();
    expect(await text(answer)).toBe('begin end');
  });

  it('comes by a connection that was kept, too', async () => {
    handle = (_asked, answer) => answer.end('hello');
    const agent = new Agent({ keepAlive: true });
    for (const _time of [1, 2]) {
      const sent = get(url, { agent });
      expect(await text(await answerTo(sent, 'the server', patient))).toBe('hello');
    }
    agent.destroy();
  });

  it('of which not even the head comes in time is not waited for, and the request is ended', async () => {
    handle = () => undefined;
    await expect(answerTo(get(url), 'the server', { ...patient, headMs: 20 })).rejects.toMatchObject({
      code: 'deadline_exceeded',
      message: 'the server did not begin to answer within 20 ms',
    });
    await expect.poll(() => promisify(server.getConnections.bind(server))()).toBe(0);
  });

  it('comes after a body that takes long', async () => {
    handle = (asked, answer) => void asked.resume().once('end', () => answer.end('had it'));
    const sent = request(url, { method: 'POST' });
    sent.write('begin');
    const answer = answerTo(sent, 'the server', { connectMs: 60_000 });
    await once(server, 'request');
    sent.end(' end');
    expect(await text(await answer)).toBe('had it');
  });

  it('that never came because the connection broke is the fault of the connection', async () => {
    handle = (asked) => asked.socket.resetAndDestroy();
    await expect(answerTo(get(url), 'the server', patient)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });
});

it('a connection that does not come to be in time is not waited for', async () => {
  // One that takes connections, and never says anything of TLS.
  const mute = createTcpServer();
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  const taken = once(mute, 'connection');
  const { port } = mute.address() as AddressInfo;
  const sent = getSecurely(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
  await expect(answerTo(sent, 'the host', { connectMs: 100, headMs: 60_000 })).rejects.toMatchObject({
    code: 'host_unavailable',
    message: 'the host does not answer: no connection within 100 ms',
    retryable: true,
  });
  const [socket] = await taken;
  socket.destroy();
  mute.close();
});
