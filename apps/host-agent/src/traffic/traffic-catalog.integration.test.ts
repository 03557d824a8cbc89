import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapsuleId, newId, until } from '@wrenn/core';
import { Catalog, type ForwarderKind } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TrafficCatalog } from './traffic-catalog.ts';

const log = createLogger('test', 'silent');
const never = new AbortController().signal;
const id = newId('capsule');
const capsule = { id, address: '127.0.0.1', token: 'secret' };

let directory: string;
let agent: TrafficCatalog;
let used: CapsuleId[];
const forwarders: Catalog[] = [];

const socketPath = () => join(directory, 'run', 'traffic.sock');
const open = () => TrafficCatalog.open({ path: socketPath(), log, onUse: (each) => void used.push(each) });

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrenn-traffic-'));
  used = [];
  agent = await open();
  agent.complete();
});
afterEach(async () => {
  for (const forwarder of forwarders.splice(0)) forwarder[Symbol.dispose]();
  await agent.close();
  await rm(directory, { recursive: true });
});

async function follow(kind: ForwarderKind = 'edge'): Promise<Catalog> {
  const catalog = new Catalog({ socketPath: socketPath(), kind, log });
  forwarders.push(catalog);
  await soon(() => catalog.isComplete);
  return catalog;
}

function soon(condition: () => boolean): Promise<true> {
  return until(() => (condition() ? true : undefined), 5, AbortSignal.timeout(20_000));
}

it('tells what runs, to those who were there and to those who come', async () => {
  const before = await follow();
  agent.serve(capsule);
  await soon(() => before.passage(id) !== undefined);
  const after = await follow();
  expect(after.passage(id)).toMatchObject({ address: '127.0.0.1', isOpen: true });
  agent.drop(id);
  await soon(() => before.passage(id) === undefined && after.passage(id) === undefined);
});

it("tells envd's token to the relay alone", async () => {
  agent.serve(capsule);
  expect((await follow('edge')).passage(id)?.token).toBeUndefined();
  expect((await follow('relay')).passage(id)?.token).toBe('secret');
});

it('holds a capsule at every forwarder before a pause, and lets it go on afterwards', async () => {
  agent.serve(capsule);
  const all = [await follow(), await follow()];
  await agent.drain(id, never);
  expect(all.map((each) => each.passage(id)?.isOpen)).toEqual([false, false]);
  agent.release(id);
  await soon(() => all.every((each) => each.passage(id)?.isOpen === true));
});

it('waits for what is under way, for two seconds', async () => {
  agent.serve(capsule);
  const catalog = await follow();
  const exchange = catalog.passage(id)?.exchanges.add({ bytes: () => 0, reset: () => undefined });
  const draining = agent.drain(id, never);
  setTimeout(() => exchange?.[Symbol.dispose](), 300);
  const began = performance.now();
  await draining;
  expect(performance.now() - began).toBeGreaterThan(250);
  const stuck = catalog.passage(id)?.exchanges.add({ bytes: () => 0, reset: () => undefined });
  agent.release(id);
  await agent.drain(id, never);
  expect(catalog.passage(id)?.exchanges.count).toBe(1);
  stuck?.[Symbol.dispose]();
});

it('does not wait for a forwarder that hangs longer than that, nor for one that dies', async () => {
  agent.serve(capsule);
  const hanging = connect(socketPath());
  hanging.write('{"type":"hello","kind":"edge"}\n');
  await soon(() => hanging.bytesRead > 0);
  await agent.still(id, never);
  setTimeout(() => hanging.destroy(), 50);
  await agent.drain(id, never);
});

it('is told of use, and counts an idle connection as none', async () => {
  agent.serve(capsule);
  const catalog = await follow();
  const exchange = catalog.passage(id)?.exchanges.add({ bytes: () => 0, reset: () => undefined });
  await soon(() => used.includes(id));
  const busy = newId('capsule');
  agent.serve({ ...capsule, id: busy });
  await soon(() => catalog.passage(busy) !== undefined);
  let bytes = 0;
  const moving = catalog.passage(busy)?.exchanges.add({ bytes: () => ++bytes, reset: () => undefined });
  // Both are looked at in the same turn: whatever is told of the one was not told of the other.
  await soon(() => used.filter((each) => each === busy).length === 3);
  expect(used.filter((each) => each === id)).toHaveLength(1);
  for (const each of [exchange, moving]) each?.[Symbol.dispose]();
});

it('may die and come back: what runs on stays reachable meanwhile, and what is gone then is dropped', async () => {
  const gone = newId('capsule');
  agent.serve(capsule);
  agent.serve({ ...capsule, id: gone });
  const catalog = await follow();
  const passage = catalog.passage(id);
  const reset = vi.fn<() => void>();
  using _exchange = passage?.exchanges.add({ bytes: () => 0, reset });
  await agent.close();
  expect(catalog.passage(id)).toBe(passage);
  agent = await open();
  // It has yet to find what its predecessor left, and says of the first only that it runs.
  const found = newId('capsule');
  agent.serve({ ...capsule, id: found });
  await soon(() => catalog.passage(found) !== undefined);
  expect(catalog.passage(id)).toBe(passage);
  agent.serve(capsule);
  agent.complete();
  await soon(() => catalog.passage(gone) === undefined);
  expect(catalog.passage(id)).toBe(passage);
  expect(reset).not.toHaveBeenCalled();
});

it('is complete for those who come before it knows all only when it does', async () => {
  await agent.close();
  agent = await open();
  agent.serve(capsule);
  const catalog = new Catalog({ socketPath: socketPath(), kind: 'edge', log });
  forwarders.push(catalog);
  await soon(() => catalog.passage(id) !== undefined);
  expect(catalog.isComplete).toBe(false);
  agent.complete();
  await soon(() => catalog.isComplete);
});

it('keeps a capsule held for a forwarder that comes back while it is being paused', async () => {
  agent.serve(capsule);
  const stuck = await follow();
  using _exchange = stuck.passage(id)?.exchanges.add({ bytes: () => 0, reset: () => undefined });
  const draining = agent.drain(id, never);
  await soon(() => stuck.passage(id)?.isOpen === false);
  const late = await follow();
  expect(late.passage(id)?.isOpen).toBe(false);
  await draining;
  agent.release(id);
  await soon(() => late.passage(id)?.isOpen === true);
  expect((await follow()).passage(id)?.isOpen).toBe(true);
});

it('takes the place of a socket that a killed agent left, which root alone reaches', async () => {
  await agent.close();
  await writeFile(socketPath(), 'left behind');
  agent = await open();
  expect((await stat(socketPath())).mode & 0o777).toBe(0o600);
});

it('ends the connection of whoever talks nonsense', async () => {
  const socket = connect(socketPath());
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => undefined);
  socket.write('nonsense\n');
  await ended;
});
