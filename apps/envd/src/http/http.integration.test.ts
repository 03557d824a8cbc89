import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

/** Sends bytes as they are, and gives back what comes until the connection ends. */
async function raw(bytes: string): Promise<string> {
  const socket = connect(Number(new URL(envd.url).port), '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

test('health answers with the version and is not cached', async () => {
  const response = await fetch(`${envd.url}/health`);
  expect(response.status).toBe(200);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toStrictEqual({ version: '0.6.13' });
});

test('unknown paths and methods are faults with a message', async () => {
  const missing = await fetch(`${envd.url}/nothing`);
  expect(missing.status).toBe(404);
  expect(await missing.json()).toMatchObject({ code: 404, message: expect.any(String) });
  expect((await fetch(`${envd.url}/health`, { method: 'DELETE' })).headers.get('allow')).toBe('GET, HEAD');
  expect((await fetch(`${envd.url}/process.Process/Nothing`, { method: 'POST' })).status).toBe(404);
});

test('a standalone daemon leaves the machine alone', async () => {
  const response = await fetch(`${envd.url}/init`, { method: 'POST', body: '{}' });
  expect(response.status).toBe(409);
});

const call = (more: string, body: string, type = 'application/connect+json') =>
  `POST /process.Process/Start HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: ${type}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`;

test.each([
  ['a Host that is no host', 'GET /health HTTP/1.1\r\nHost: [[\r\nConnection: close\r\n\r\n', '200 OK'],
  [
    'a call without a Host',
    'POST /process.Process/List HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}',
    '200 OK',
  ],
  ['a path that is no URL', 'GET //[ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', '404'],
  ['no HTTP at all', '\x16\x03\x01 hello\r\n\r\n', '400'],
  ['an envelope that promises more than it may', call('', '\x00\xff\xff\xff\xff'), 'resource_exhausted'],
  ['an envelope that ends early', call('', '\x00\x00\x00\x00\x09{}'), 'error'],
  ['no envelope', call('', ''), 'error'],
  ['JSON that is none', call('', '\x00\x00\x00\x00\x01{'), 'invalid_argument'],
  ['a field of another type', call('', '\x00\x00\x00\x00\x0f{"process":true}'), 'invalid_argument'],
  ['no command', call('', '\x00\x00\x00\x00\x02{}'), 'no command is given'],
  ['a codec that nobody knows', call('', '{}', 'application/xml'), '415'],
  ['a time that is none', call('Connect-Timeout-Ms: x\r\n', '\x00\x00\x00\x00\x02{}'), 'invalid_argument'],
])('%s is answered, and the daemon lives', async (_what, bytes, answer) => {
  expect(await raw(bytes)).toContain(answer);
  expect((await fetch(`${envd.url}/health`)).status).toBe(200);
});
