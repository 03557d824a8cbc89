import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ask, mirror, seen } from './testing/ask.ts';
import {
  bodyOf,
  capsuleAddress,
  capsuleId,
  type EdgeUnderTest,
  startEdge,
} from './testing/edge-under-test.ts';
import { startRawGuest } from './testing/raw-guest.ts';

let edge: EdgeUnderTest;
afterEach(() => edge[Symbol.asyncDispose]());

const closedHost = () => `${edge.closedPort}-${capsuleId}.localhost`;

/** Counts the connections that this process tries to open to the port; `first` runs when the first has failed. */
function attemptsAt(port: number, first: () => void = () => undefined) {
  const attempts = { count: 0, [Symbol.dispose]: () => unsubscribe('net.client.socket', heard) };
  const heard = (message: unknown) => {
    const { socket } = message as { readonly socket: Socket };
    socket.once('connectionAttempt', (address, to) => {
      if (address !== capsuleAddress || to !== port) return;
      attempts.count += 1;
      if (attempts.count === 1) socket.once('close', first);
    });
  };
  subscribe('net.client.socket', heard);
  return attempts;
}

describe('a port', () => {
  it('that nobody listens on is 502 after three attempts, in the form that E2B knows', async () => {
    edge = await startEdge(mirror);
    using attempts = attemptsAt(edge.closedPort);
    const answer = await ask(edge, { headers: { host: closedHost() } });
    expect(attempts.count).toBe(3);
    expect(answer.statusCode).toBe(502);
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({
      sandboxId: capsuleId,
      port: edge.closedPort,
      code: 502,
      message: 'The sandbox is running but port is not open',
    });
  });

  it('that is just coming up is waited for, with the body of the request', async () => {
    edge = await startEdge(mirror);
    const late = createServer(mirror);
    using attempts = attemptsAt(edge.closedPort, () => late.listen(edge.closedPort, capsuleAddress));
    const { body } = await seen(edge, { method: 'POST', body: 'waits', headers: { host: closedHost() } });
    expect(body).toBe('waits');
    expect(attempts.count).toBeGreaterThan(1);
    late.close();
    late.closeAllConnections();
  });

  it('whose server closes idle connections costs no request', async () => {
    edge = await startEdge((_request, response) => {
      // Without this Node says how long it waits, and nothing is sent on such a connection.
      response.setHeader('connection', 'keep-alive');
      response.end('x');
    });
    edge.guest.keepAliveTimeout = 1;
    // Node waits for a second more than it says.
    edge.guest.keepAliveTimeoutBuffer = 0;
    for (let count = 0; count < 200; count++) {
      expect((await ask(edge, {})).statusCode).toBe(200);
      await delay(count % 5);
    }
  });

  it('whose server closes a connection under a request that may be repeated has it again on a new one', async () => {
    const used = new Set<Socket>();
    await using guest = await startRawGuest((socket) => {
      if (used.has(socket)) socket.destroy();
      else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
      used.add(socket);
    });
    edge = await startEdge(mirror);
    const statusOf = async (method: string) => {
      const answer = await ask(edge, { method, headers: { host: guest.host } });
      await bodyOf(answer);
      return answer.statusCode;
    };
    // Until one has met a connection that was used before.
    while (guest.heard.length === used.size) expect(await statusOf('GET')).toBe(200);
    // It may have been done: twice would be once too often.
    await expect.poll(() => statusOf('DELETE')).toBe(502);
  });

  it('serves a hundred downloads at once, each whole', async () => {
    const body = 'x'.repeat(1_000_000);
    edge = await startEdge((_request, response) => response.end(body));
    const all = await Promise.all(Array.from({ length: 100 }, async () => await bodyOf(await ask(edge, {}))));
    expect(all.every((each) => each === body)).toBe(true);
  });
});

describe('a capsule', () => {
  it('that is dropped resets its connections', async () => {
    edge = await startEdge((_request, response) => response.write('x'));
    const answer = await ask(edge, {});
    const ended = bodyOf(answer);
    edge.passage.drop();
    await expect(ended).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(edge.passage.exchanges.count).toBe(0);
  });

  it('that is held keeps requests waiting with their bodies, and serves them when it goes on', async () => {
    edge = await startEdge(mirror);
    await edge.passage.hold(0);
    const waiting = seen(edge, { method: 'POST', body: 'parked' });
    expect(await Promise.race([waiting, delay(100, 'waits')])).toBe('waits');
    edge.passage.release();
    expect((await waiting).body).toBe('parked');
  });

  it('that is to be paused waits for what is under way, for a while', async () => {
    const end = Promise.withResolvers<void>();
    edge = await startEdge((_request, response) => {
      response.write('x');
      void end.promise.then(() => response.end());
    });
    const answer = await ask(edge, {});
    const held = edge.passage.hold(10_000);
    expect(await Promise.race([held, delay(100, 'waits')])).toBe('waits');
    end.resolve();
    await bodyOf(answer);
    await held;
  });

  it('that is not there is 404, and to clients of E2B 502', async () => {
    edge = await startEdge(mirror);
    const other = capsuleId.replace(/.$/, '0');
    expect((await ask(edge, { headers: { host: `80-${other}.localhost` } })).statusCode).toBe(404);
    const answer = await ask(edge, {
      headers: { host: edge.address, 'e2b-sandbox-id': other, 'e2b-sandbox-port': '80' },
    });
    expect(answer.statusCode).toBe(502);
    expect(JSON.parse(await bodyOf(answer))).toMatchObject({
      message: 'The sandbox was not found',
      code: 502,
    });
  });

  it('keeps what only its host may call of its daemon from everybody', async () => {
    edge = await startEdge(mirror);
    for (const path of [
      '/init',
      '/snapshot/prepare',
      '//init',
      '/./init',
      '/%69nit',
      '/files/../init',
      '/INIT?',
    ]) {
      const answer = await ask(edge, {
        path,
        method: 'POST',
        headers: { host: `49983-${capsuleId}.localhost` },
      });
      expect(answer.statusCode).toBe(404);
    }
  });
});

describe('a refusal', () => {
  it('is a page for a person, without a script and with nothing unescaped', async () => {
    edge = await startEdge(mirror);
    const answer = await ask(edge, {
      headers: { host: closedHost(), accept: 'text/html,*/*', 'sec-fetch-mode': 'navigate' },
    });
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(await bodyOf(answer)).toContain('port is not open');
  });

  it('is JSON for a script of a page', async () => {
    edge = await startEdge(mirror);
    const headers = { host: closedHost(), accept: 'text/html', 'sec-fetch-mode': 'cors' };
    expect((await ask(edge, { headers })).headers['content-type']).toBe('application/json');
  });

  it.each(['0', '65536', '080'])('meets port %s', async (port) => {
    edge = await startEdge(mirror);
    expect((await ask(edge, { headers: { host: `${port}-${capsuleId}.localhost` } })).statusCode).toBe(400);
    expect(
      (await ask(edge, { path: `/proxy/${capsuleId}/${port}/`, headers: { host: edge.address } })).statusCode,
    ).toBe(400);
  });
});

it('takes a capsule ID in capitals and a host with a dot at its end', async () => {
  edge = await startEdge(mirror);
  const host = `${edge.port}-${capsuleId.toUpperCase()}.LOCALHOST.`;
  expect((await seen(edge, { headers: { host } })).url).toBe('/');
});

it('knows no path of a capsule at a name of a domain, where other pages may be', async () => {
  edge = await startEdge(mirror);
  const path = `/proxy/${capsuleId}/${edge.port}/`;
  expect((await ask(edge, { path, headers: { host: 'dashboard.example' } })).statusCode).toBe(404);
  expect((await ask(edge, { path, headers: { host: 'edge:8081' } })).statusCode).toBe(200);
});

it('answers that it lives, and that other addresses name no capsule', async () => {
  edge = await startEdge(mirror);
  expect((await ask(edge, { path: '/health', headers: { host: edge.address } })).statusCode).toBe(200);
  expect((await ask(edge, { path: '/x', headers: { host: edge.address } })).statusCode).toBe(404);
});
