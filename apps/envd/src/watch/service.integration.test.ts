import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CallOptions, type Client, Code, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { deadline, until } from '@wrenn/core';
import {
  EventType,
  Filesystem,
  type FilesystemEvent,
  type WatchDirResponse,
} from '@wrenn/protocol/filesystem';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EnvdUnderTest, startEnvd } from '../testing/envd-under-test.ts';

let envd: EnvdUnderTest;
let files: Client<typeof Filesystem>;
let directory: string;
beforeAll(async () => {
  envd = await startEnvd();
  files = clientOf(envd);
});
afterAll(() => envd[Symbol.asyncDispose]());
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'envd-watch-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const at = (path: string) => join(directory, path);
const fails = (code: Code) => expect.objectContaining({ code });
const asUser = (name: string): CallOptions => ({
  headers: { authorization: `Basic ${Buffer.from(`${name}:`).toString('base64')}` },
});

function clientOf({ url }: EnvdUnderTest): Client<typeof Filesystem> {
  return createClient(Filesystem, createConnectTransport({ baseUrl: url, httpVersion: '1.1' }));
}

/** A stream after its start event, and how to leave it. */
async function watched(request: object = {}, options: CallOptions = {}) {
  const leaving = new AbortController();
  const stream = files.watchDir({ path: directory, ...request }, { signal: leaving.signal, ...options });
  const events = stream[Symbol.asyncIterator]();
  expect((await events.next()).value?.event.case).toBe('start');
  return { events, [Symbol.dispose]: () => leaving.abort() };
}

/** Whatever breaks the silence before it. */
async function nextOf(events: AsyncIterator<WatchDirResponse>): Promise<FilesystemEvent> {
  let { value } = await events.next();
  while (value?.event.case === 'keepalive') ({ value } = await events.next());
  if (value?.event.case !== 'filesystem') throw new Error(`${value?.event.case} is no change`);
  return value.event.value;
}

async function eventually(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  using limit = deadline(20_000, what);
  await until(async () => ((await condition()) ? true : undefined), 5, limit);
}

function inotifyDescriptors(): number {
  const folder = `/proc/${envd.pid}/fd`;
  return readdirSync(folder).filter((fd) => linkOf(`${folder}/${fd}`).includes('inotify')).length;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed since it was listed.
    return '';
  }
}

test('a stream starts with start, then tells every change', async () => {
  using watch = await watched();
  writeFileSync(at('a'), '');
  expect(await nextOf(watch.events)).toMatchObject({ name: 'a', type: EventType.CREATE });
  mkdirSync(at('b'));
  expect(await nextOf(watch.events)).toMatchObject({ name: 'b', type: EventType.CREATE });
});

test('events carry the entry when that is asked for, unless it is gone', async () => {
  using watch = await watched({ includeEntry: true });
  writeFileSync(at('a'), '');
  const { entry } = await nextOf(watch.events);
  expect(entry).toMatchObject({ name: 'a', path: at('a'), owner: 'root' });
  rmSync(at('a'));
  const removed = await nextOf(watch.events);
  expect(removed).toMatchObject({ name: 'a', type: EventType.REMOVE });
  expect(removed.entry).toBeUndefined();
});

test('when the clients are gone nothing is left open', async () => {
  {
    using watch = await watched({ recursive: true });
    using other = await watched();
    expect(inotifyDescriptors()).toBe(1);
    writeFileSync(at('a'), '');
    await Promise.all([nextOf(watch.events), nextOf(other.events)]);
  }
  await eventually(() => inotifyDescriptors() === 0, 'waiting for the watch to end');
  using again = await watched();
  writeFileSync(at('b'), '');
  expect(await nextOf(again.events)).toMatchObject({ name: 'b' });
});

test('silence is broken by keep-alive events as often as was asked', async () => {
  using watch = await watched({}, { headers: { 'keepalive-ping-interval': '1' } });
  expect((await watch.events.next()).value?.event.case).toBe('keepalive');
  writeFileSync(at('a'), '');
  expect(await nextOf(watch.events)).toMatchObject({ name: 'a' });
});

test("a watch ends at its call's deadline", async () => {
  using watch = await watched({}, { headers: { 'connect-timeout-ms': '3000' } });
  await expect(watch.events.next()).rejects.toThrow(fails(Code.DeadlineExceeded));
});

test('a directory is watched as its user, who must be able to read it', async () => {
  chmodSync(directory, 0o711);
  const request = { path: directory };
  await expect(files.createWatcher(request, asUser('nobody'))).rejects.toThrow(fails(Code.PermissionDenied));
  chmodSync(directory, 0o755);
  mkdirSync(at('secret'), { mode: 0o700 });
  using watch = await watched({ recursive: true }, asUser('nobody'));
  writeFileSync(at('secret/hidden'), '');
  writeFileSync(at('plain'), '');
  expect(await nextOf(watch.events)).toMatchObject({ name: 'plain' });
});

test.each([
  ['a missing path', { path: '/nowhere/at/all' }, Code.NotFound],
  ['a file', { path: '/etc/passwd' }, Code.InvalidArgument],
  ['a NUL', { path: '/tmp/\0' }, Code.InvalidArgument],
  ['another home', { path: '~other' }, Code.InvalidArgument],
  ['a name too long', { path: `/${'x'.repeat(300)}` }, Code.InvalidArgument],
])('%s is refused in both forms', async (_, request, code) => {
  await expect(files.createWatcher(request)).rejects.toThrow(fails(code));
  await expect(files.watchDir(request)[Symbol.asyncIterator]().next()).rejects.toThrow(fails(code));
});

test('an unknown user is refused', async () => {
  const call = files.createWatcher({ path: directory }, asUser('nobody-of-this-name'));
  await expect(call).rejects.toThrow(fails(Code.Unauthenticated));
});

test('a polled watcher gives each event once, until it is removed', async () => {
  const { watcherId } = await files.createWatcher({ path: directory });
  const got: FilesystemEvent[] = [];
  const poll = async () => got.push(...(await files.getWatcherEvents({ watcherId })).events);
  expect(await poll()).toBe(0);
  writeFileSync(at('a'), 'x');
  await eventually(async () => (await poll()) >= 2, 'waiting for two events');
  expect(got.map(({ name, type }) => [name, type])).toEqual([
    ['a', EventType.CREATE],
    ['a', EventType.WRITE],
  ]);
  await files.removeWatcher({ watcherId });
  await expect(files.getWatcherEvents({ watcherId })).rejects.toThrow(fails(Code.NotFound));
  await expect(files.removeWatcher({ watcherId })).rejects.toThrow(fails(Code.NotFound));
  await expect(files.getWatcherEvents({ watcherId: '' })).rejects.toThrow(fails(Code.NotFound));
});

test('a polled watcher that nobody asks says that events were lost, and goes on', async () => {
  const { watcherId } = await files.createWatcher({ path: directory });
  const asked = await files.createWatcher({ path: directory });
  const seen = async (watcher: { watcherId: string }, name: string) =>
    (await files.getWatcherEvents(watcher)).events.some((event) => event.name === name);
  // The other one says when the daemon has come so far.
  for (let chunk = 0; chunk < 17; chunk++) {
    for (let index = 0; index < 500; index++) writeFileSync(at(`${chunk}-${index}`), 'x');
    await eventually(() => seen(asked, `${chunk}-499`), 'waiting for the daemon to read the events');
  }
  let count = 0;
  const drained = async () => {
    for (;;) count += (await files.getWatcherEvents({ watcherId })).events.length;
  };
  await expect(drained()).rejects.toThrow(fails(Code.ResourceExhausted));
  expect(count).toBe(16_384);
  writeFileSync(at('later'), '');
  await eventually(() => seen({ watcherId }, 'later'), 'waiting for a later event');
  await Promise.all([
    files.removeWatcher({ watcherId }),
    files.removeWatcher({ watcherId: asked.watcherId }),
  ]);
});

test('there is a bound on polled watchers', async () => {
  const created = await Promise.all(
    Array.from({ length: 256 }, () => files.createWatcher({ path: directory })),
  );
  await expect(files.createWatcher({ path: directory })).rejects.toThrow(fails(Code.ResourceExhausted));
  await Promise.all(created.map(({ watcherId }) => files.removeWatcher({ watcherId })));
  await eventually(() => inotifyDescriptors() === 0, 'waiting for the watches to end');
});

test('the daemon ends although directories are watched', async () => {
  const other = await startEnvd();
  await clientOf(other).createWatcher({ path: directory, recursive: true });
  await other[Symbol.asyncDispose]();
});
