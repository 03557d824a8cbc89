import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask } from './testing/ask.ts';
import { bodyOf, capsuleId, type EdgeUnderTest, startEdge } from './testing/edge-under-test.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

describe('an answer', () => {
  it('comes with its status, headers in their order and spelling, and every cookie', async () => {
    edge = await startEdge((_request, response) => {
      response.sendDate = false;
      response.writeHead(418, 'Short and Stout', [
        'X-One',
        '1',
        'Set-Cookie',
        'a=1',
        'x-two',
        '2',
        'Set-Cookie',
        'b=2; Domain=.example; Path=/p',
        'Content-Length',
        '0',
      ]);
      response.end();
    });
    const answer = await ask(edge, {});
    expect([answer.statusCode, answer.statusMessage]).toEqual([418, 'Short and Stout']);
    expect(answer.rawHeaders.slice(0, 10)).toEqual([
      ...['X-One', '1', 'Set-Cookie', 'a=1', 'x-two', '2'],
      ...['Set-Cookie', 'b=2; Path=/p', 'Content-Length', '0'],
    ]);
  });

  it("cannot set the platform's cookies", async () => {
    edge = await startEdge((_request, response) => {
      response.setHeader('set-cookie', ['wrenn_access=x', '__Host-wrenn_session=y; Path=/', 'fine=1']);
      response.end();
    });
    expect((await ask(edge, {})).headers['set-cookie']).toEqual(['fine=1']);
  });

  it.each([
    ['HEAD', 200, '5'],
    ['GET', 204, undefined],
    ['GET', 304, undefined],
  ])('to %s with %d has no body', async (method, status, length) => {
    edge = await startEdge((_request, response) => {
      response.writeHead(status, length === undefined ? {} : { 'content-length': length }).end();
    });
    const answer = await ask(edge, { method });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-length']).toBe(length);
    expect(await bodyOf(answer)).toBe('');
  });

  it('that is a stream of events comes event by event', async () => {
    const next = Promise.withResolvers<void>();
    edge = await startEdge((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: 1\n\n');
      void next.promise.then(() => response.end('data: 2\n\n'));
    });
    const answer = await ask(edge, {});
    const [first] = await once(answer, 'data');
    expect(String(first)).toBe('data: 1\n\n');
    next.resolve();
    expect(await bodyOf(answer)).toBe('data: 2\n\n');
  });

  it('brings its trailers', async () => {
    edge = await startEdge((_request, response) => {
      response.writeHead(200, { trailer: 'grpc-status' });
      response.write('x');
      response.addTrailers({ 'grpc-status': '0' });
      response.end();
    });
    const answer = await ask(edge, {});
    expect(await bodyOf(answer)).toBe('x');
    expect(answer.trailers).toEqual({ 'grpc-status': '0' });
  });

  it('that breaks off is reset, so that nobody takes it for whole', async () => {
    const breakOff = Promise.withResolvers<void>();
    edge = await startEdge((_request, response) => {
      response.write('the first half');
      void breakOff.promise.then(() => response.destroy());
    });
    const answer = await ask(edge, {});
    breakOff.resolve();
    await expect(bodyOf(answer)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('ends the work of the guest when the client goes away', async () => {
    const gone = Promise.withResolvers<void>();
    edge = await startEdge((_request, response) => {
      response.write('x');
      response.once('close', gone.resolve);
    });
    const answer = await ask(edge, {});
    answer.destroy();
    await gone.promise;
  });

  it.each([
    ['/next', '/next'],
    ['sub/', 'sub/'],
    ['/dir/', '/dir/'],
    ['http://HOST/next?x=%2F', '/next?x=%2F'],
    ['http://localhost:PORT/', '/'],
    ['https://other.example/next', 'https://other.example/next'],
    ['//other.example/next', '//other.example/next'],
  ])(
    'that leads to %s leads to %s in the host form, and below the prefix in the path form',
    async (location, outside) => {
      edge = await startEdge((request, response) => {
        const to = location.replace('HOST', request.headers.host ?? '').replace('PORT', String(edge.port));
        response.writeHead(302, { location: to, refresh: `0; url=${to}` }).end();
      });
      expect((await ask(edge, {})).headers).toMatchObject({
        location: outside,
        refresh: `0; url=${outside}`,
      });
      const prefix = `/proxy/${capsuleId}/${edge.port}`;
      const inPath = await ask(edge, { path: `${prefix}/start`, headers: { host: edge.address } });
      const expected = outside.startsWith('/') && !outside.startsWith('//') ? `${prefix}${outside}` : outside;
      expect(inPath.headers).toMatchObject({ location: expected, refresh: `0; url=${expected}` });
    },
  );

  it('goes at the pace of a slow client', async () => {
    const chunk = Buffer.alloc(256 * 1024);
    let written = 0;
    edge = await startEdge((_request, response) => {
      const more = () => {
        while (written < 200 * chunk.length && !response.destroyed) {
          written += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', more);
        }
      };
      more();
    });
    const answer = await ask(edge, {});
    answer.pause();
    let before = -1;
    while (written !== before) {
      before = written;
      await delay(300);
    }
    // Sockets of the kernel on both ways, and some buffers: far from all of it.
    expect(written).toBeLessThan(100 * chunk.length);
    answer.destroy();
  });
});
