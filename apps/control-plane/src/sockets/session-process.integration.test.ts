import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@wrenn/service';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SessionProcess } from './session-process.ts';
import { comesTrue } from './testing/comes-true.ts';

/** A process for sessions that runs `script`, and a server that hands it every upgrade. */
async function handingTo(script: string, takeMs: number) {
  const directory = await mkdtemp(join(tmpdir(), 'wrenn-sessions-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const program = join(directory, 'sessions.mjs');
  await writeFile(program, script);
  const sessions = new SessionProcess(() => true, createLogger('test', 'silent'), { program, takeMs });
  onTestFinished(() => sessions.close());
  const server = createServer().on('upgrade', (request, socket, head) =>
    sessions.upgrade(request, socket, head),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, server, sessions };
}

/** Asks for an upgrade; `text` is what came, and `isOver` whether the connection ended. */
function client(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  const seen = { text: '', isOver: false };
  socket.on('data', (data) => {
    seen.text += data.toString();
  });
  socket.on('close', () => {
    seen.isOver = true;
  });
  socket.write('GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
  return seen;
}

describe('a connection that is handed over', () => {
  it('is answered once it was taken and let go of', async () => {
    const { port } = await handingTo(
      `const arriving = new Map();
       process.on('message', ({ type, id }, socket) => {
         if (type === 'upgrade') arriving.set(id, socket), process.send({ type: 'taken', id });
         else arriving.get(id).end('served');
       });
       process.on('disconnect', () => process.exit());`,
      60_000,
    );
    const one = client(port);
    const other = client(port);
    await comesTrue('both are served', () => one.isOver && other.isOver);
    expect([one.text, other.text]).toEqual(['served', 'served']);
  });

  it.each([
    ['is over', 'end'],
    ['goes on', 'write'],
  ])('that %s keeps its server from closing no longer than the process is there', async (_what, act) => {
    const { port, server, sessions } = await handingTo(
      `const arriving = new Map();
       process.on('message', ({ type, id }, socket) => {
         if (type === 'upgrade') arriving.set(id, socket), process.send({ type: 'taken', id });
         else arriving.get(id).${act}('served');
       });
       process.on('disconnect', () => process.exit());`,
      60_000,
    );
    const one = client(port);
    await comesTrue('it is served', () => one.text === 'served');
    await sessions.close();
    const closed = once(server, 'close');
    server.close();
    await closed;
    await comesTrue('its client knows', () => one.isOver);
  });

  it.each([
    ['dies before it has said so', `process.on('message', () => process.exit(1));`],
    ['dies at once', 'process.exit(1)'],
    ['never says so', `process.on('message', () => undefined);`],
  ])('is told to try again when the process %s', async (_what, script) => {
    const { port } = await handingTo(script, 100);
    const clients = Array.from({ length: 5 }, () => client(port));
    await comesTrue('all are let go of', () => clients.every(({ isOver }) => isOver));
    for (const { text } of clients) expect(text).toMatch(/^HTTP\/1\.1 503 [\s\S]*"retryable":true/);
  });
});
