import { once } from 'node:events';
import { type RequestOptions, request } from 'node:http';
import { connect } from 'node:net';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { guestMetadata } from './metadata.ts';
import { MetadataService } from './metadata-service.ts';

const log = createLogger('test', 'silent');
const address = '127.0.0.1';
const one = { peerAddress: '127.0.0.1' };
const other = { peerAddress: '127.0.0.2' };

let service: MetadataService;
beforeEach(async () => {
  service = await MetadataService.open({ address, port: 0, log });
});
afterEach(() => service.close());

async function ask(options: RequestOptions, body?: string): Promise<{ status: number; text: string }> {
  const sent = request({ host: address, port: service.port, agent: false, ...options });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, text };
}
const tokenOf = async (localAddress: string) =>
  (
    await ask({
      method: 'PUT',
      path: '/latest/api/token',
      headers: { 'x-metadata-token-ttl-seconds': '60' },
      localAddress,
    })
  ).text;

test('who asks is told of itself, by the address that it comes from', async () => {
  service.publish(one, guestMetadata({ capsuleId: 'cl-a', templateId: 't', accessToken: 'x' }));
  service.publish(other, guestMetadata({ capsuleId: 'cl-b', templateId: 't', accessToken: 'x' }));
  for (const [{ peerAddress }, id] of [
    [one, 'cl-a'],
    [other, 'cl-b'],
  ] as const) {
    const headers = { 'x-metadata-token': await tokenOf(peerAddress) };
    expect(await ask({ path: '/instanceID', headers, localAddress: peerAddress })).toEqual({
      status: 200,
      text: id,
    });
    const forged = { ...headers, host: 'cl-b', 'x-forwarded-for': other.peerAddress };
    expect((await ask({ path: '/instanceID', headers: forged, localAddress: peerAddress })).text).toBe(id);
  }
});

test('the token of one is nothing to another', async () => {
  service.publish(one, guestMetadata({ capsuleId: 'cl-a', templateId: 't', accessToken: 'x' }));
  service.publish(other, guestMetadata({ capsuleId: 'cl-b', templateId: 't', accessToken: 'x' }));
  const headers = { 'x-metadata-token': await tokenOf(one.peerAddress) };
  expect((await ask({ path: '/', headers, localAddress: other.peerAddress })).status).toBe(401);
});

test('what was withdrawn is gone, and the next in the slot needs a token of its own', async () => {
  service.publish(one, guestMetadata({ capsuleId: 'cl-a', templateId: 't', accessToken: 'x' }));
  const headers = { 'x-metadata-token': await tokenOf(one.peerAddress) };
  service.withdraw(one);
  expect((await ask({ path: '/', headers })).status).toBe(404);
  service.publish(one, guestMetadata({ capsuleId: 'cl-c', templateId: 't', accessToken: 'x' }));
  expect((await ask({ path: '/', headers })).status).toBe(401);
});

test('whoever published it hears that it was read, and not before', async () => {
  const { wasRead } = service.publish(
    one,
    guestMetadata({ capsuleId: 'cl-a', templateId: 't', accessToken: 'x' }),
  );
  let isRead = false;
  void wasRead.then(() => {
    isRead = true;
  });
  const headers = { 'x-metadata-token': await tokenOf(one.peerAddress) };
  await ask({ path: '/' });
  expect(isRead).toBe(false);
  await ask({ path: '/', headers });
  await wasRead;
});

test('a body is not read, and ends the connection', async () => {
  service.publish(one, guestMetadata({ capsuleId: 'cl-a', templateId: 't', accessToken: 'x' }));
  const socket = connect(service.port, address);
  socket.on('error', () => undefined);
  socket.write(
    'PUT /latest/api/token HTTP/1.1\r\nHost: x\r\nX-metadata-token-ttl-seconds: 60\r\nContent-Length: 99999999\r\n\r\nx',
  );
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n/);
});

test('what is not HTTP, or too long, is refused and the others are still served', async () => {
  service.publish(one, guestMetadata({ capsuleId: 'cl-a', templateId: 't', accessToken: 'x' }));
  for (const [bytes, status] of [
    ['\0\0\0\0\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(8192)}\r\n\r\n`, 431],
  ] as const) {
    const socket = connect(service.port, address);
    socket.end(bytes);
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toContain(`HTTP/1.1 ${status}`);
  }
  expect((await ask({ path: '/' })).status).toBe(401);
});

test('one guest has a few connections at a time, and another still gets its own', async () => {
  service.publish(other, guestMetadata({ capsuleId: 'cl-b', templateId: 't', accessToken: 'x' }));
  const held = Array.from({ length: 8 }, () => connect(service.port, address));
  await Promise.all(held.map((socket) => once(socket, 'connect')));
  const ninth = connect(service.port, address).on('error', () => undefined);
  await once(ninth, 'close');
  expect((await ask({ path: '/', localAddress: other.peerAddress })).status).toBe(401);
  for (const socket of held) socket.destroy();
});

test('a connection is for one request', async () => {
  const socket = connect(service.port, address);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
  let answers = '';
  for await (const chunk of socket) answers += chunk;
  expect(answers.match(/HTTP\/1.1 404/g)).toHaveLength(1);
});

test('says who has the port when it is taken', async () => {
  await expect(MetadataService.open({ address, port: service.port, log })).rejects.toMatchObject({
    code: 'missing_prerequisite',
  });
});
