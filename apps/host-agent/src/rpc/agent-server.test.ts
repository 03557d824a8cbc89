import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { makeTestPki } from '@wrenn/testkit/test-pki';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agentServer } from './agent-server.ts';

let folder: string;
let server: Server;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wrenn-agent-'));
  makeTestPki(folder, 'host');
  server = agentServer((_request, response) => response.end('hello'), credentialsOf('host'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  server?.close();
  server?.closeAllConnections();
  rmSync(folder, { recursive: true });
});

function credentialsOf(name: string) {
  const [ca, cert, key] = ['ca.crt', `${name}.crt`, `${name}.key`].map((file) =>
    readFileSync(join(folder, file)),
  );
  return { ca, cert, key };
}

function call(name: string, sent: string): TLSSocket {
  const { port } = server.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ...credentialsOf(name) });
  socket.on('error', () => undefined);
  socket.write(sent);
  return socket;
}

async function answered(name: string): Promise<string> {
  const socket = call(name, 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n');
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes;
  });
  await once(socket, 'close');
  return text;
}

it('answers the control plane, and nobody else', async () => {
  expect(await answered('cp')).toMatch(/^HTTP\/1\.1 200 .*hello/s);
  for (const other of ['edge', 'stranger']) expect(await answered(other)).toMatch(/^HTTP\/1\.1 403 /);
});

it('gives a caller 10 seconds for its headers, and keeps an idle connection for longer than 10 minutes', () => {
  expect(server).toMatchObject({ headersTimeout: 10_000, keepAliveTimeout: 620_000, requestTimeout: 0 });
});

it('looks often for callers that take too long for their headers', async () => {
  const usual = server.headersTimeout;
  server.headersTimeout = 50;
  try {
    const slow = call('cp', 'GET / HTTP/1.1\r\n');
    // Node itself looks every 30 seconds.
    await once(slow.resume(), 'close', { signal: AbortSignal.timeout(27_000) });
  } finally {
    server.headersTimeout = usual;
  }
});
