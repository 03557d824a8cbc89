import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { fc, test } from '@fast-check/vitest';
import { afterAll, beforeAll, expect } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';
import { runCommand } from '../testing/run-command.ts';
import { eventually } from '../testing/started-process.ts';

let envd: EnvdUnderTest;
beforeAll(async () => {
  envd = await startEnvd();
});
afterAll(() => envd[Symbol.asyncDispose]());

const json = 'application/connect+json';
const binary = 'application/connect+proto';
const limitBytes = 4 * 1024 * 1024;

/** A message as streams carry it; `length` is what it says of itself. */
function envelope(
  message: string | Uint8Array,
  { flags = 0, length }: { readonly flags?: number; readonly length?: number } = {},
): Buffer {
  const bytes = Buffer.from(message);
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(length ?? bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

interface Sent {
  readonly type?: string;
  readonly headers?: Record<string, string>;
}
async function send(method: string, body: Uint8Array | string, { type = json, headers = {} }: Sent = {}) {
  const response = await fetch(`${envd.url}/process.Process/${method}`, {
    method: 'POST',
    headers: { 'content-type': type, 'connect-protocol-version': '1', ...headers },
    body,
    signal: AbortSignal.timeout(20_000),
  });
  const text = Buffer.from(await response.arrayBuffer()).toString('latin1');
  return { status: response.status, code: /"code":"([a-z_]+)"/.exec(text)?.[1], text };
}

function headOf(method: string, type: string, length: number): string {
  return [
    `POST /process.Process/${method} HTTP/1.1`,
    'host: x',
    `content-type: ${type}`,
    `content-length: ${length}`,
    '\r\n',
  ].join('\r\n');
}

const isHealthy = async () => (await fetch(`${envd.url}/health`)).ok;

const command = JSON.stringify({ process: { cmd: '/bin/true' }, stdin: false });

test.each([
  ['an envelope that is cut off', envelope(command, { length: 1000 }), 'invalid_argument'],
  ['the prefix of an envelope that is cut off', Buffer.from([0, 0]), 'invalid_argument'],
  ['an empty message', envelope(''), 'invalid_argument'],
  ['no message', '', 'unimplemented'],
  ['two messages', Buffer.concat([envelope(command), envelope(command)]), 'unimplemented'],
  ['half a message', envelope('{"process":'), 'invalid_argument'],
  ['a list', envelope('[]'), 'invalid_argument'],
  ['a number for a string', envelope('{"process":{"cmd":1}}'), 'invalid_argument'],
  ['no command', envelope('{}'), 'invalid_argument'],
  ['an argument with a NUL', envelope('{"process":{"cmd":"a","args":["\\u0000"]}}'), 'invalid_argument'],
  [
    'a long tag',
    envelope(JSON.stringify({ ...JSON.parse(command), tag: 'x'.repeat(5000) })),
    'invalid_argument',
  ],
  ['a message that says it is compressed', envelope(command, { flags: 1 }), 'internal'],
  ['a message that says it is huge', envelope(command, { length: 0xffffffff }), 'resource_exhausted'],
  ['a message that is too large', envelope(' '.repeat(limitBytes + 1)), 'resource_exhausted'],
])('Start of %s is refused', async (_what, body, code) => {
  expect(await send('Start', body)).toMatchObject({ status: 200, code });
});

test.each([
  ['an unknown compression', { 'connect-content-encoding': 'br' }, 'unimplemented'],
  ['a compression that it does not have', { 'connect-content-encoding': 'gzip' }, 'invalid_argument'],
  ['a time that is none', { 'connect-timeout-ms': 'soon' }, 'invalid_argument'],
  ['a negative time', { 'connect-timeout-ms': '-1' }, 'invalid_argument'],
])('Start with %s is refused', async (_what, headers, code) => {
  const flags = 'connect-content-encoding' in headers ? 1 : 0;
  expect(await send('Start', envelope(command, { flags }), { headers })).toMatchObject({ code });
});

test.each(['application/connect+xml', 'application/json', 'text/plain', 'application/grpc'])(
  'a stream of %s is no type that is understood',
  async (type) => {
    expect((await send('Start', envelope(command), { type })).status).toBe(415);
  },
);

test.each([
  ['base64 that is none', { process: { pid: 1 }, input: { stdin: '!' } }, 400, 'invalid_argument'],
  ['a negative ID', { process: { pid: -1 }, input: { stdin: '' } }, 400, 'invalid_argument'],
  ['an ID and a tag', { process: { pid: 1, tag: 'x' } }, 400, 'invalid_argument'],
  ['an empty selector', { process: {}, input: { stdin: '' } }, 400, 'invalid_argument'],
  ["nobody's ID", { process: { pid: 4_000_000 }, input: { stdin: '' } }, 404, 'not_found'],
  ["nobody's tag", { process: { tag: '' }, input: { stdin: '' } }, 404, 'not_found'],
])('input with %s is refused', async (_what, body, status, code) => {
  const answer = await send('SendInput', JSON.stringify(body), { type: 'application/json' });
  expect(answer).toMatchObject({ status, code });
});

test('a number that is none, or too large, is refused', async () => {
  for (const from of ['-1', '18446744073709551616', 'x']) {
    const answer = await send('Connect', envelope(JSON.stringify({ process: { pid: 1 }, from })));
    expect(answer.code).toBe('invalid_argument');
  }
});

test('the end of a stream that a client may send, and unknown flags, do no harm', async () => {
  const ended = await send('Start', Buffer.concat([envelope(command), envelope('{}', { flags: 2 })]));
  const flagged = await send('Start', envelope(command, { flags: 0x7c }));
  for (const { text } of [ended, flagged]) expect(text).toContain('"exited":true');
});

test('a client that breaks off in the middle of a message does no harm', async () => {
  for (const method of ['Start', 'StreamInput', 'SendInput']) {
    const type = method === 'SendInput' ? 'application/json' : json;
    const socket = connectSocket(Number(new URL(envd.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(
      Buffer.concat([Buffer.from(headOf(method, type, 1000)), envelope(command, { length: 900 })]),
    );
    socket.resetAndDestroy();
    await once(socket, 'close');
  }
  expect((await runCommand(envd.processes, '/bin/true')).end.exitCode).toBe(0);
});

test('a message that is refused before it was read leaves its connection to the next one', async () => {
  const socket = connectSocket(Number(new URL(envd.url).port), '127.0.0.1');
  let answers = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answers += text;
  });
  const ask = (body: Buffer) =>
    socket.write(Buffer.concat([Buffer.from(headOf('Start', json, body.length)), body]));
  ask(envelope(' '.repeat(limitBytes + 1)));
  await eventually(() => answers.includes('resource_exhausted'), 'waiting for the refusal');
  ask(envelope(command));
  await eventually(() => answers.includes('"exited":true'), 'waiting for the end of the command');
  socket.destroy();
});

const method = fc.constantFrom(
  ...(['Start', 'Connect', 'StreamInput', 'SendInput', 'SendSignal', 'Update', 'List'] as const),
);
const type = fc.constantFrom(json, binary, 'application/json', 'application/proto');
const bytes = fc.uint8Array({ maxLength: 200 });
const seeds = [
  '{}',
  command,
  '{"start":{"process":{"pid":1}}}',
  '{"process":{"pid":1},"input":{"pty":"AA=="}}',
];
/** What a client might have meant, and was damaged on the way. */
const damaged = fc
  .record({
    seed: fc.constantFrom(...seeds),
    flags: fc.nat(255),
    error: fc.integer({ min: -3, max: 3 }),
    at: fc.nat(60),
    value: fc.nat(255),
  })
  .map(({ seed, flags, error, at, value }) => {
    const body = envelope(seed, { flags, length: Math.max(0, seed.length + error) });
    body[at % body.length] = value;
    return new Uint8Array(body);
  });

test.prop([method, type, fc.oneof(bytes, damaged, fc.array(damaged, { maxLength: 3 }).map(joined))], {
  numRuns: 600,
})('whatever is sent, there is an answer and the daemon lives', async (toMethod, ofType, body) => {
  const { status, text } = await send(toMethod, body, { type: ofType });
  expect([200, 400, 404, 409, 415, 429, 500, 501]).toContain(status);
  expect(text).not.toContain('at file:');
  expect(await isHealthy()).toBe(true);
});

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
