import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EnvdWithUser, startEnvdWithUser } from '../testing/envd-with-user.ts';

const pieceBytes = 1024 * 1024;
const pieces = 300;
/** A third of the file, and above the 64 MiB of buffers without a use that V8 lets be before it must collect them. */
const mostGrowthMiB = 100;

let machine: EnvdWithUser;
let path: string;
beforeAll(async () => {
  machine = await startEnvdWithUser();
  path = join(machine.rootFolder, 'large');
  // What the first request of each kind needs is no growth.
  await send({ 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' }, content(1), {
    path,
  });
  await receive();
});
afterAll(() => machine[Symbol.asyncDispose]());

/** The start of the daemon takes more than it keeps, which would hide what a file takes. */
function peakFromNowOn(): number {
  writeFileSync(`/proc/${machine.envd.pid}/clear_refs`, '5');
  return machine.envd.peakMemoryMiB();
}

async function* content(count: number): AsyncGenerator<Buffer> {
  for (let index = 0; index < count; index++) yield Buffer.alloc(pieceBytes, `piece ${index} `);
}
const urlOf = (query: Record<string, string>) => `${machine.envd.url}/files?${new URLSearchParams(query)}`;

async function digestOf(chunks: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of chunks) hash.update(chunk);
  return hash.digest('hex');
}

async function send(
  headers: Record<string, string>,
  body: AsyncIterable<Buffer>,
  query: Record<string, string>,
): Promise<number> {
  const request = httpRequest(urlOf(query), { method: 'POST', headers });
  const answered = new Promise<number>((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
  });
  if (headers['content-encoding'] === 'gzip') await pipeline(body, createGzip({ level: 1 }), request);
  else await pipeline(body, request);
  return await answered;
}

async function receive(headers: Record<string, string> = {}): Promise<string> {
  const request = httpRequest(urlOf({ path }), { headers }).end();
  const [response]: IncomingMessage[] = await once(request, 'response');
  return await digestOf(response ?? []);
}

async function* asForm(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield Buffer.from(`--xYz\r\nContent-Disposition: form-data; name="file"; filename="${path}"\r\n\r\n`);
  yield* body;
  yield Buffer.from('\r\n--xYz--\r\n');
}
const raw = { 'content-type': 'application/octet-stream' };
const form = { 'content-type': 'multipart/form-data; boundary=xYz' };

test.each([
  ['as it is', () => send(raw, content(pieces), { path })],
  ['in gzip', () => send({ ...raw, 'content-encoding': 'gzip' }, content(pieces), { path })],
  ['in a form', () => send(form, asForm(content(pieces)), {})],
])(
  'a file of 300 MiB goes up %s and comes down again, and memory does not grow with it',
  async (_how, upload) => {
    const before = peakFromNowOn();
    expect(await upload()).toBe(200);
    expect(await receive()).toBe(await digestOf(content(pieces)));
    expect(machine.envd.peakMemoryMiB() - before).toBeLessThan(mostGrowthMiB);
    rmSync(path);
  },
);

test('a large file that is compressed on its way takes no more memory', async () => {
  await send(raw, content(pieces), { path });
  const before = peakFromNowOn();
  await receive({ 'accept-encoding': 'gzip' });
  expect(machine.envd.peakMemoryMiB() - before).toBeLessThan(mostGrowthMiB);
});
