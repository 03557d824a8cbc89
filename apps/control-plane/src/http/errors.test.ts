import { request } from 'node:http';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addErrorHandling } from './errors.ts';

let app: FastifyInstance;
/** The lines of the log, from the first that tells of a fault. */
let fault: Promise<Record<string, unknown>>;

beforeEach(async () => {
  const lines = new PassThrough();
  const told = Promise.withResolvers<Record<string, unknown>>();
  fault = told.promise;
  lines.on('data', (line: Buffer) => {
    const entry: Record<string, unknown> = JSON.parse(line.toString());
    if (entry['code'] !== undefined) told.resolve(entry);
  });
  app = fastify({ logger: { stream: lines } });
  addErrorHandling(app);
  app.addContentTypeParser('application/octet-stream', (_request, body, done) => done(null, body));
  app.post('/', async ({ raw }) => {
    throw new Error(`what was sent: ${await text(raw)}`);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => app.close());

function post(length: number) {
  const { port } = new URL(app.listeningOrigin);
  const headers = { 'content-type': 'application/octet-stream', 'content-length': length };
  return request({ host: '127.0.0.1', port, method: 'POST', headers, agent: false });
}

test('a fault of our own is logged as an error', async () => {
  const sent = post(1);
  sent.on('response', (answer) => answer.resume());
  sent.end('x');
  expect(await fault).toMatchObject({ level: 50, code: 'internal_error', msg: 'request failed' });
});

test('whatever comes of a client that goes away in the middle of its request is no error', async () => {
  const sent = post(2);
  sent.on('error', () => undefined);
  sent.write('x', () => sent.destroy());
  expect(await fault).toMatchObject({ level: 30, msg: 'the client went away' });
});
