import { once } from 'node:events';
import { Code } from '@connectrpc/connect';
import { Secret } from '@wrenn/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GuestClient, type GuestClientOptions } from './guest-client.ts';
import { StandInGuest } from './testing/stand-in-guest.ts';

const streamPath = '/process.Process/Connect';
const listPath = '/process.Process/List';
const inputPath = '/terminals/input';
const secret = new Secret('the secret of the host');
const signal = AbortSignal.timeout(60_000);
const identity = {
  accessToken: new Secret('the token of the capsule'),
  hostSecret: secret,
  capsuleId: 'cl-a',
  templateId: 'tpl-a',
  defaultUser: 'user',
  envVars: {},
};
const key = { tag: 'a', data: Buffer.from('x'), writer: 'me', offset: 0n };

let server: StandInGuest;
let guest: GuestClient;
/** Ends every stream. */
let leave: AbortController;
beforeEach(async () => {
  server = await StandInGuest.start();
  leave = new AbortController();
  guest = connect();
});
afterEach(async () => {
  leave.abort();
  guest.close();
  await server[Symbol.asyncDispose]();
});

function connect(options: Omit<GuestClientOptions, 'port'> = {}): GuestClient {
  return new GuestClient('127.0.0.1', new Secret('the token'), { ...options, port: server.port });
}

/** Opens a stream and reads its first event. */
async function openStream(left = leave.signal): Promise<void> {
  const stream = guest.process.connect(
    { process: { selector: { case: 'pid', value: 7 } } },
    { signal: left },
  );
  await stream[Symbol.asyncIterator]().next();
}

describe('with many streams open', () => {
  beforeEach(async () => {
    await Promise.all(Array.from({ length: 70 }, () => openStream()));
    expect(server.socketsOf(streamPath)).toHaveProperty('size', 70);
  });

  it('a call, a signal and a key are answered', async () => {
    await guest.process.list({}, { signal });
    await guest.process.sendSignal({ signal: 9 }, { signal });
    await guest.typeInto(key, signal);
  });

  it('the guest is prepared, goes on, and is given its identity', async () => {
    await guest.prepare(secret, signal);
    await guest.continue(secret, signal);
    await guest.init(identity, secret, signal);
  });
});

it('calls that wait hold up no key, no stream and no snapshot', async () => {
  server.answers.set(listPath, 'never');
  const calls = Array.from({ length: 70 }, () => guest.process.list({}, { signal: leave.signal }));
  const ended = Promise.allSettled(calls);
  await expect.poll(() => server.times(listPath)).toBe(64);
  await openStream();
  await guest.typeInto(key, signal);
  await guest.prepare(secret, signal);
  leave.abort();
  await ended;
});

it('input that its program does not read holds up no call', async () => {
  server.answers.set('/process.Process/SendInput', 'never');
  const inputs = Array.from({ length: 70 }, () => guest.process.sendInput({}, { signal: leave.signal }));
  const ended = Promise.allSettled(inputs);
  await guest.process.list({}, { signal });
  leave.abort();
  await ended;
});

it('calls have connections of their own, which are kept for the next', async () => {
  await guest.process.list({}, { signal });
  const stream = new AbortController();
  await openStream(stream.signal);
  await guest.process.list({}, { signal });
  await guest.typeInto(key, signal);
  await guest.typeInto({ ...key, offset: 1n }, signal);
  const calls = server.socketsOf(listPath);
  expect(calls.size).toBe(1);
  expect(server.socketsOf(inputPath).size).toBe(1);
  // Were one of them in both, it would be counted once.
  expect(server.socketsOf(listPath, streamPath, inputPath).size).toBe(3);
  stream.abort();
});

it('the connections that idle are closed in both pools before the guest is asked to prepare', async () => {
  await guest.process.list({}, { signal });
  await guest.typeInto(key, signal);
  const idle = [...server.socketsOf(listPath, inputPath)];
  expect(idle).toHaveLength(2);
  const closed = Promise.all(idle.map((socket) => once(socket, 'close')));
  // One that closed them afterwards would wait for this answer, and this for it.
  server.answers.set(
    '/snapshot/prepare',
    closed.then(() => undefined),
  );
  await guest.prepare(secret, signal);
});

it('a call that is never answered ends after its bound, though the guest is there', async () => {
  guest = connect({ callMs: 50, patienceMs: 5 });
  server.answers.set(listPath, 'never');
  await expect(guest.process.list({})).rejects.toMatchObject({ code: Code.DeadlineExceeded });
});

it('more streams than there may be are refused, until one ends', async () => {
  guest = connect({ mostStreams: 2 });
  const first = new AbortController();
  await openStream(first.signal);
  await openStream();
  await expect(openStream()).rejects.toMatchObject({ cause: { code: 'rate_limited', retryable: true } });
  await guest.process.list({}, { signal });
  first.abort();
  await openStream();
});

describe('a guest that is silent', () => {
  const silence = { code: 'host_unavailable', retryable: true };
  beforeEach(() => {
    guest = connect({ patienceMs: 20 });
    for (const path of [streamPath, listPath, inputPath]) server.answers.set(path, 'never');
  });

  it('is out of reach for streams, calls and keys', async () => {
    guest = connect({ patienceMs: 20, healthMs: 20 });
    server.answers.set('/health', 'never');
    await expect(openStream()).rejects.toMatchObject({ cause: silence });
    await expect(guest.process.list({})).rejects.toMatchObject({ cause: silence });
    await expect(guest.typeInto(key, signal)).rejects.toMatchObject(silence);
  });

  it('is waited for while it says that it is there', async () => {
    const isThere = async () => {
      await expect.poll(() => server.times('/health')).toBeGreaterThan(2);
    };
    server.answers.set(inputPath, isThere());
    await guest.typeInto(key, signal);
  });
});
