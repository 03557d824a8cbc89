import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WebSocket } from 'ws';
import { askPort, portHost } from '../support/ask-port.ts';
import { client } from '../support/client.ts';
import { DistantEdge } from '../support/distant-edge.ts';
import { startGuestApp } from '../support/guest-app.ts';

const port = 8000;
let edge: DistantEdge;
let id: string;

beforeAll(async () => {
  const { baseUrl, directory, edgeUrl } = inject('wrenn');
  edge = await DistantEdge.start(directory, baseUrl);
  ({ id } = await client().capsules.create({ autoResume: true, publicPorts: true }));
  await startGuestApp(client(), edgeUrl, id, port);
});
afterAll(async () => {
  await edge?.[Symbol.asyncDispose]();
  await client().capsules.destroy(id);
});

const ask = (
  path: string,
  more: { method?: string; body?: Buffer; headers?: Record<string, string> } = {},
  at = port,
) => askPort(edge.url, { path, host: portHost(edge.url, id, at), ...more });

/** What a WebSocket brings back. */
async function echo(message: string): Promise<string> {
  const headers = { host: portHost(edge.url, id, port) };
  const socket = new WebSocket(`ws://${edge.url.host}/ws`, { headers });
  await once(socket, 'open');
  socket.send(message);
  const [data] = await once(socket, 'message');
  socket.close();
  await once(socket, 'close');
  return String(data);
}

it('an edge on another machine reaches a capsule through the relay of its host', async () => {
  const seen = await text(await ask('/a%2Fb/?c', { headers: { 'x-wrenn-relay': 'absent' } }));
  expect(seen).toContain('GET /a%2Fb/?c');
  expect(seen).toContain(`Host: ${portHost(edge.url, id, port)}`);
  expect(seen.toLowerCase()).not.toContain('x-wrenn');
});

it('bodies, events and WebSockets pass both', async () => {
  const body = Buffer.alloc(4_000_000, 'relayed');
  const sum = createHash('sha256').update(body).digest('hex');
  expect(await text(await ask('/', { method: 'POST', body }))).toBe(sum);
  expect(await text(await ask('/events'))).toBe('data: 0\n\ndata: 1\n\ndata: 2\n\n');
  expect(await echo('through two')).toBe('through two');
});

it('what the relay cannot reach is said as if the edge had tried it', async () => {
  const answer = await ask('/', {}, 9);
  expect(answer.statusCode).toBe(502);
  expect(JSON.parse(await text(answer))).toMatchObject({
    message: 'The sandbox is running but port is not open',
  });
});

it('one that is paused is woken, also when this edge knew it as running', async () => {
  await text(await ask('/'));
  await client().capsules.pause(id);
  expect(await text(await ask('/again'))).toContain('GET /again');
});

it('one that was paused a moment ago is woken by an upload, which arrives byte for byte, and by a WebSocket', async () => {
  await text(await ask('/'));
  await client().capsules.pause(id);
  const body = randomBytes(2_000_000);
  const answer = await ask('/', { method: 'POST', body });
  expect([answer.statusCode, await text(answer)]).toEqual([
    200,
    createHash('sha256').update(body).digest('hex'),
  ]);
  await client().capsules.pause(id);
  expect(await echo('after the pause')).toBe('after the pause');
});

it('destroying a capsule resets its connections through both', async () => {
  const { id: other } = await client().capsules.create({ publicPorts: true });
  await startGuestApp(client(), inject('wrenn').edgeUrl, other, port);
  const host = portHost(edge.url, other, port);
  const stream = await askPort(edge.url, { path: '/slow', host });
  const reset = expect(text(stream)).rejects.toMatchObject({ code: 'ECONNRESET' });
  await client().capsules.destroy(other);
  await reset;
  expect((await askPort(edge.url, { host })).statusCode).toBe(404);
});

describe('the relay', () => {
  const statusOf = async (path: string, pair: 'edge' | 'host' | undefined): Promise<number | undefined> => {
    const pki = join(inject('wrenn').directory, 'pki');
    const read = (name: string) => readFile(join(pki, name));
    const identity = pair && { cert: await read(`${pair}.crt`), key: await read(`${pair}.key`) };
    const url = new URL(path, `https://${inject('wrenn').relayAddress}`);
    const sent = httpsRequest(url, { ca: await read('ca.crt'), ...identity, agent: false }).end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  };

  it('serves nobody without a certificate of one who may call', async () => {
    await expect(statusOf(`/proxy/${id}/${port}/`, undefined)).rejects.toThrow();
    // A host's is for serving only.
    await expect(statusOf(`/proxy/${id}/${port}/`, 'host')).rejects.toThrow();
    expect(await statusOf(`/proxy/${id}/${port}/`, 'edge')).toBe(200);
  });

  it("lends envd's token to the control plane, and not to edges", async () => {
    expect(await statusOf(`/guest/${id}/files?path=/etc/hostname`, 'edge')).toBe(403);
    expect(await statusOf(`/proxy/${id}/49983/files?path=/etc/hostname`, 'edge')).toBe(401);
  });

  it('knows no other addresses than those of capsules', async () => {
    for (const path of ['/', '/proxy/x/80/', `/proxy/${id}/0/`, `/proxy/${id}/65536/`, `/proxy/${id}/80`])
      expect(await statusOf(path, 'edge')).toBe(400);
  });
});
