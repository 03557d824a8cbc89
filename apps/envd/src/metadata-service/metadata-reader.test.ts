import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { afterEach, expect, test, vi } from 'vitest';
import type { Metadata } from './metadata.ts';
import { MetadataReader } from './metadata-reader.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serviceAt(listener: RequestListener): Promise<string> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

const document = JSON.stringify({ instanceID: 'cl-a', envID: 'tpl-a' });

function read(reader: MetadataReader): Promise<Metadata> {
  const { promise, resolve } = Promise.withResolvers<Metadata>();
  reader.start('urgent', resolve);
  return promise;
}

test('asks for a token, and with it for the document as JSON', async () => {
  const asked: unknown[] = [];
  const url = await serviceAt(({ method, url: path, headers }, response) => {
    const { accept, 'x-metadata-token': token, 'x-metadata-token-ttl-seconds': ttl } = headers;
    asked.push({ method, path, accept, token, ttl });
    response.end(method === 'PUT' ? 'the token' : document);
  });
  expect(await read(new MetadataReader(url))).toMatchObject({ capsuleId: 'cl-a', templateId: 'tpl-a' });
  expect(asked).toEqual([
    { method: 'PUT', path: '/latest/api/token', ttl: '60', accept: undefined, token: undefined },
    { method: 'GET', path: '/', token: 'the token', accept: 'application/json', ttl: undefined },
  ]);
});

test('asks again while the document is refused, broken, too large or not whole yet', async () => {
  const bad: RequestListener[] = [
    (_, response) => response.writeHead(404).end('Resource not found: /.'),
    (_, response) => response.end('{'),
    (_, response) => response.end('x'.repeat(20_000)),
    (_, response) => response.end('{"instanceID":"cl-a","envID":""}'),
    (request) => request.socket.destroy(),
  ];
  const url = await serviceAt((request, response) => {
    if (request.method === 'PUT') response.end('the token');
    else (bad.shift() ?? ((_, last) => last.end(document)))(request, response);
  });
  expect(await read(new MetadataReader(url))).toMatchObject({ capsuleId: 'cl-a' });
  expect(bad).toEqual([]);
});

test('what is stopped is not heard of, and says nothing', async () => {
  const said = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const asked = Promise.withResolvers<void>();
  const gone = Promise.withResolvers<void>();
  const url = await serviceAt((request) => {
    request.socket.once('close', gone.resolve);
    asked.resolve();
  });
  const reader = new MetadataReader(url);
  const use = vi.fn();
  reader.start('urgent', use);
  await asked.promise;
  reader.stop();
  await gone.promise;
  expect(use).not.toHaveBeenCalled();
  expect(said).not.toHaveBeenCalled();
  said.mockRestore();
});

test('what is broken off is read when the machine goes on, and what was read is not read again', async () => {
  const asked: string[] = [];
  const stuck = Promise.withResolvers<void>();
  const url = await serviceAt(({ method = '' }, response) => {
    asked.push(method);
    if (asked.length === 1) stuck.resolve();
    else response.end(method === 'PUT' ? 'the token' : document);
  });
  const reader = new MetadataReader(url);
  const result = read(reader);
  await stuck.promise;
  reader.breakOff();
  reader.goOn();
  expect(await result).toMatchObject({ capsuleId: 'cl-a' });
  reader.breakOff();
  reader.goOn();
  expect(asked).toEqual(['PUT', 'PUT', 'GET']);
});

test('what was stopped does not go on', async () => {
  const reader = new MetadataReader('http://127.0.0.1:1');
  const use = vi.fn();
  reader.start('to-compare', use);
  reader.stop();
  reader.goOn();
  expect(use).not.toHaveBeenCalled();
});

test('a time without an answer is one line of the log', async () => {
  const line = Promise.withResolvers<string>();
  const said = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    line.resolve(String(text));
    return true;
  });
  try {
    // Nobody listens there.
    new MetadataReader('http://127.0.0.1:1', 100).start('urgent', () => undefined);
    expect(await line.promise).toContain('the metadata service');
    expect(said).toHaveBeenCalledOnce();
  } finally {
    said.mockRestore();
  }
});

test('where there is no service none is asked', () => {
  const use = vi.fn();
  const reader = new MetadataReader(undefined);
  reader.start('urgent', use);
  reader.stop();
  expect(use).not.toHaveBeenCalled();
});
