import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';
import { draftKindOf } from './draft-name.ts';

let machine: EnvdWithUser;
let folder: string;
let serial = 0;
beforeAll(async () => {
  machine = await startEnvdWithUser();
});
afterAll(() => machine[Symbol.asyncDispose]());
beforeEach(() => {
  serial += 1;
  folder = join(machine.rootFolder, String(serial));
  mkdirSync(folder);
});

const names = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).toSorted();
const drafts = () => names().filter((name) => draftKindOf(name) !== undefined);

function open(): Socket {
  const socket = connect(Number(new URL(machine.envd.url).port), '127.0.0.1');
  // A reset is what some of these come to.
  socket.on('error', () => undefined);
  return socket;
}
const head = (query: string, headers: readonly string[]) =>
  [`POST /files?${query} HTTP/1.1`, 'Host: x', ...headers, '', ''].join('\r\n');

/** What comes on a connection. */
function keep(socket: Socket): () => string {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  return () => text;
}

/** Sends bytes as they are, and gives back what comes until the connection ends. */
async function send(bytes: Buffer): Promise<string> {
  const socket = open();
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

const raw = ['Content-Type: application/octet-stream'];
const form = ['Content-Type: multipart/form-data; boundary=xYz'];
const part = (path: string) =>
  `--xYz\r\nContent-Disposition: form-data; name="file"; filename="${path}"\r\n\r\n`;
const kilobytes = 'x'.repeat(100_000);

test.each([
  ['a raw body', (path: string) => head(`path=${path}`, [...raw, 'Content-Length: 200000']) + kilobytes],
  [
    'a body in chunks',
    (path: string) => `${head(`path=${path}`, [...raw, 'Transfer-Encoding: chunked'])}10000\r\nxxx`,
  ],
  ['a form', (path: string) => head('', [...form, 'Content-Length: 200000']) + part(path) + kilobytes],
])('%s whose client goes half way leaves the old file, and no draft', async (_what, bytes) => {
  const path = join(folder, 'a');
  writeFileSync(path, 'old');
  const socket = open();
  socket.write(bytes(path));
  await expect.poll(drafts, { interval: 5 }).toHaveLength(1);
  expect(drafts().map(draftKindOf)).toStrictEqual(['over']);
  socket.resetAndDestroy();
  await expect.poll(drafts, { interval: 5 }).toStrictEqual([]);
  expect(names()).toStrictEqual(['a']);
  expect(readFileSync(path, 'utf8')).toBe('old');
});

test('a draft is seen by nobody else, and of a new file it says so', async () => {
  const socket = open();
  const started = head(`path=${folder}/a`, [...raw, 'Content-Length: 200000']) + kilobytes;
  socket.write(started);
  await expect.poll(drafts, { interval: 5 }).toHaveLength(1);
  expect(drafts().map(draftKindOf)).toStrictEqual(['new']);
  expect(names()).not.toContain('a');
  const answer = keep(socket);
  socket.write(kilobytes);
  await expect.poll(answer).toContain('200 OK');
  expect(names()).toStrictEqual(['a']);
  socket.destroy();
});

test('a refusal reaches a client that goes on sending, on a connection that stays', async () => {
  const size = 20 * 1024 * 1024;
  const socket = open();
  socket.write(head('path=/etc', [...raw, `Content-Length: ${size}`]));
  const answers = keep(socket);
  await expect.poll(answers).toContain("path '/etc' is a directory");
  expect(answers()).not.toContain('200 OK');
  socket.write(Buffer.alloc(size));
  socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  await expect.poll(answers).toContain('200 OK');
  socket.destroy();
});

/** Nearly right forms, and anything else. */
const piece = fc.oneof(
  fc.constantFrom('--xYz', '--xYz--', '--xYz\r\n', '\r\n', '\r\n\r\n', '--', '\0'),
  fc.constantFrom(
    'Content-Disposition: form-data; name="file"; filename="FOLDER/a"\r\n\r\n',
    'Content-Disposition: form-data; name="file"; filename="FOLDER/b/c"\r\n\r\n',
    'Content-Disposition: form-data; name="file"; filename="/dev/null"\r\n\r\n',
    'Content-Disposition: form-data; name="other"\r\n\r\n',
    'Content-Type: multipart/mixed; boundary=inner\r\n',
    'Content-Disposition: attachment; filename="FOLDER/d"\r\n\r\n',
    `X: ${'y'.repeat(20_000)}\r\n`,
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
);
const forms = fc.tuple(fc.boolean(), fc.array(piece, { maxLength: 20 })).map(([starts, pieces]) => {
  return (starts ? '--xYz\r\n' : '') + pieces.join('');
});

test.prop([forms], { numRuns: 150 })('no form does harm', async (text) => {
  const body = Buffer.from(text.replaceAll('FOLDER', folder));
  const answer = await send(
    Buffer.concat([
      Buffer.from(head('', [...form, `Content-Length: ${body.length}`, 'Connection: close'])),
      body,
    ]),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 (200|400) /);
  expect(drafts()).toStrictEqual([]);
  expect((await fetch(`${machine.envd.url}/health`)).status).toBe(200);
});

test.prop([fc.uint8Array({ maxLength: 2000 }), fc.constantFrom('gzip', 'identity')], { numRuns: 60 })(
  'noise is a form in no encoding',
  async (noise, encoding) => {
    const headers = [
      ...form,
      `Content-Encoding: ${encoding}`,
      `Content-Length: ${noise.length}`,
      'Connection: close',
    ];
    const answer = await send(Buffer.concat([Buffer.from(head('', headers)), noise]));
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(names()).toStrictEqual([]);
  },
);

test('after all of this no file is open', async () => {
  const open = () =>
    readdirSync(`/proc/${machine.envd.pid}/fd`).map((fd) => linkOf(`/proc/${machine.envd.pid}/fd/${fd}`));
  const ours = () => open().filter((path) => path.startsWith(machine.rootFolder));
  await expect.poll(ours).toStrictEqual([]);
});

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since.
    return '';
  }
}

test('more parts than anybody needs are refused', async () => {
  const body = `${'--xYz\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n'.repeat(10_001)}--xYz--`;
  const answer = await send(
    Buffer.from(head('', [...form, `Content-Length: ${body.length}`, 'Connection: close']) + body),
  );
  expect(answer).toMatch(/^HTTP\/1\.1 413 /);
});
