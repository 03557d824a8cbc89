import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapsuleId, newId } from '@wrenn/core';
import { Passage } from '@wrenn/forward';
import { makeTestPki } from '@wrenn/testkit/test-pki';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { FakeRelay } from '../testing/fake-relay.ts';
import type { CapsuleFacts } from './facts.ts';
import type { Reached } from './reached.ts';
import { Relays } from './relays.ts';

const hostId = 'another-host';
const [one, other] = [newId('capsule'), newId('capsule')];
let folder: string;
let guest: Server;
let relay: FakeRelay;
let relays: Relays;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wrenn-relays-'));
  makeTestPki(join(folder, 'pki'), hostId);
  for (const file of ['ca.crt', 'edge.crt', 'edge.key'])
    cpSync(join(folder, 'pki', file), join(folder, 'distant', 'pki', file));
  guest = createServer((_request, response) => response.end('from the guest'));
  await once(guest.listen(0, '127.0.0.1'), 'listening');
});
afterAll(() => {
  guest.close();
  guest.closeAllConnections();
  rmSync(folder, { recursive: true });
});
beforeEach(async () => {
  relay = await openRelay();
  relays = new Relays(join(folder, 'distant'));
});
afterEach(async () => {
  relays[Symbol.dispose]();
  await relay[Symbol.asyncDispose]();
});

async function openRelay(): Promise<FakeRelay> {
  const opened = await FakeRelay.open(join(folder, 'pki'));
  for (const id of [one, other]) opened.passages.set(id, new Passage(id, '127.0.0.1', undefined));
  return opened;
}

function factsOf(at: FakeRelay | undefined): CapsuleFacts {
  return {
    status: 'running',
    autoResume: false,
    publicPorts: true,
    accessKey: Buffer.alloc(32),
    hostId,
    relay: at?.address,
  };
}

async function reached(id: CapsuleId, at = relay): Promise<Reached> {
  const found = await relays.to(id, factsOf(at));
  if (found === undefined) throw new Error('no way was found');
  return found;
}

async function get(way: Reached): Promise<string> {
  const { port } = guest.address() as AddressInfo;
  const { host, port: at, pool, pathPrefix } = way.to(port);
  const sent = request({ host, port: at, agent: pool, path: `${pathPrefix}/` }).end();
  const [answer] = await once(sent, 'response');
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return text;
}

const connectionsOf = (id: string) => [...relay.connections.values()].filter((ids) => ids.has(id)).length;

it('two capsules of one host share no connection, and no count of what is under way', async () => {
  const [first, second] = [await reached(one), await reached(other)];
  for (let count = 0; count < 3; count++) {
    expect([await get(first), await get(second)]).toEqual(['from the guest', 'from the guest']);
  }
  expect([...relay.connections.values()].map(({ size }) => size)).toEqual([1, 1]);
  expect(first.exchanges).not.toBe(second.exchanges);
  using _exchange = first.exchanges.add({ bytes: () => 0, reset: () => undefined });
  expect(second.exchanges.count).toBe(0);
});

it('all who ask for one capsule at the same time, the first among them, get the same connections', async () => {
  const ways = await Promise.all(Array.from({ length: 10 }, () => reached(one)));
  expect(new Set(ways.map((way) => way.to(1).pool)).size).toBe(1);
  expect(new Set(ways.map(({ exchanges }) => exchanges)).size).toBe(1);
});

it('a host that has another address from now on is reached there', async () => {
  const before = await reached(one);
  await get(before);
  await using moved = await openRelay();
  const after = await reached(one, moved);
  expect(after.to(1).port).toBe(Number(moved.address.split(':')[1]));
  expect(await get(after)).toBe('from the guest');
  // What idled on the way to where it was is closed.
  await expect.poll(() => [...relay.connections.keys()].every(({ destroyed }) => destroyed)).toBe(true);
  expect(connectionsOf(one)).toBe(1);
});

it('a host without a relay, and the one of this machine, are reached in another way', async () => {
  expect(await relays.to(one, factsOf(undefined))).toBeUndefined();
  using own = new Relays(folder);
  expect(await own.to(one, factsOf(relay))).toBeUndefined();
});
