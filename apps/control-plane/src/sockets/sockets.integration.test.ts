import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { comesTrue } from './testing/comes-true.ts';
import { SessionServer } from './testing/session-server.ts';
import { SocketClient } from './testing/socket-client.ts';

let databases: TestDatabases;
let server: SessionServer;
/** One whose limits are shorter than those of people. */
let limits: SessionServer;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await SessionServer.start(await databases.fresh());
  limits = await SessionServer.start(await databases.fresh(), { authenticationMs: 50, pingMs: 50 });
});
afterAll(async () => {
  await limits?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

const MiB = 1024 * 1024;
const paths = ['/pty', '/exec/stream', '/processes/1/stream', '/files/watch?path=.'];

describe('a socket without a key', () => {
  it.each(paths)('at %s is closed when no auth frame comes in its time', async (path) => {
    await using socket = await SocketClient.open(`${limits.url}${path}`);
    expect(await socket.frame('error')).toMatchObject({ fatal: true, error: { code: 'unauthorized' } });
    expect(await socket.end()).toEqual({ code: 1008 });
    expect(limits.server.agent.programs).toEqual([]);
  });

  it.each([
    ['is something else', { type: 'start' }],
    ['has a key that is none', { type: 'auth', token: 'wrn_00000000000000000000000000000000' }],
    ['has no key', { type: 'auth' }],
  ])('is closed when its first frame %s', async (_what, frame) => {
    await using socket = await SocketClient.open(`${server.url}/pty`);
    socket.send(frame);
    expect(await socket.frame('error')).toMatchObject({ fatal: true, error: { code: 'unauthorized' } });
    expect(await socket.end()).toEqual({ code: 1008 });
  });

  it('is served once its first frame has one', async () => {
    await using socket = await SocketClient.open(`${server.url}/pty`);
    socket.send({ type: 'auth', token: server.server.apiKey });
    socket.send({ type: 'start' });
    await socket.frame('started');
  });

  it('is not opened at all with a wrong one in its headers', async () => {
    const headers = { 'x-api-key': 'wrn_00000000000000000000000000000000' };
    const socket = await SocketClient.open(`${server.url}/pty`, headers);
    expect(await socket.end()).toEqual({ code: 1006 });
  });
});

describe('a message', () => {
  it('of a megabyte gets through, in either direction', async () => {
    const { socket, program } = await server.terminal({ output: 'binary' });
    const pasted = Buffer.from(Array.from({ length: MiB }, (_, at) => at % 251));
    socket.send(new Uint8Array(pasted));
    await comesTrue('the program reads it', () => program.read.length > 0 && sizeOf(program.pieces) === MiB);
    expect(Buffer.concat(program.pieces).equals(pasted)).toBe(true);
    program.print(new Uint8Array(pasted));
    await comesTrue('the client gets it', () => socket.binary.length > 0);
    expect(socket.binary[0]?.subarray(8).equals(pasted)).toBe(true);
    await socket[Symbol.asyncDispose]();
  });

  it('of two megabytes is the largest', async () => {
    const { socket, program } = await server.terminal();
    socket.send(new Uint8Array(2 * MiB));
    await comesTrue('the program reads it', () => sizeOf(program.pieces) === 2 * MiB);
    socket.send(new Uint8Array(2 * MiB + 1));
    expect(await socket.end()).toEqual({ code: 1009 });
  });
});

function sizeOf(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

describe('a client that never reads', () => {
  it('holds up its own terminal alone, and misses nothing when it reads after all', async () => {
    const frame = new Uint8Array(64 * 1024);
    const count = 500;
    const one = await server.terminal({ output: 'binary' });
    const other = await server.terminal({ output: 'binary' });
    one.socket.socket.pause();
    for (let number = 0; number < count; number++) {
      one.program.print(frame);
      other.program.print(frame);
    }
    for (const { program } of [one, other]) program.exit(0);
    expect(await other.socket.frame('exit')).toMatchObject({ exit_code: 0 });
    expect(other.socket.binary.length).toBe(count);
    // What is on its way to it: a megabyte here, and the buffers of the kernel for two connections.
    expect(one.program.framesTaken).toBeLessThan(400);
    one.socket.socket.resume();
    expect(await one.socket.frame('exit')).toMatchObject({ exit_code: 0 });
    expect(one.socket.binary.length).toBe(count);
  });
});

describe('a client that is gone', () => {
  it('is noticed when it answers no pings, and what was read for it ends', async () => {
    const socket = await limits.open('/files/watch?path=.');
    await socket.frame('ready');
    socket.socket.pause();
    await comesTrue('the folder is not watched any more', () => limits.server.agent.watchers === 0);
    socket.socket.resume();
    expect(await socket.end()).toEqual({ code: 1006 });
  });

  it.each(['/files/watch?path=.', '/processes/:program/stream'])(
    'is noticed at %s, whatever it sent that nobody takes',
    async (path) => {
      const { program } = await server.terminal();
      const socket = await server.open(path.replace(':program', program.tag));
      await socket.frame(path.startsWith('/files') ? 'ready' : 'start');
      for (let count = 0; count < 2_000; count++) socket.send({ type: 'nothing', filler: 'x'.repeat(4_000) });
      socket.socket.close(1000);
      expect(await socket.end()).toEqual({ code: 1000 });
      const { agent } = server.server;
      // The terminal has one reader, its own client.
      await comesTrue('nobody reads for it', () => agent.watchers === 0 && program.readers === 1);
    },
  );

  it('is noticed while its input is backed up, and its command ends', async () => {
    const { socket, program } = await limits.command({ stdin: true });
    program.hang();
    for (let count = 0; count < 1_000; count++) socket.send({ type: 'stdin', data: 'x'.repeat(16_000) });
    socket.socket.terminate();
    await comesTrue('the command ends', () => program.hasEnded);
  });
});

describe('a server that stops', () => {
  it('tells its clients to come back later, whatever they do', async () => {
    await using stopping = await SessionServer.start(await databases.fresh());
    const sockets = await Promise.all(
      ['/pty', '/exec/stream', '/files/watch?path=.'].map((path) => stopping.open(path)),
    );
    const { socket: busy } = await stopping.terminal();
    await stopping.sockets.close();
    for (const socket of [...sockets, busy]) expect(await socket.end()).toEqual({ code: 1001 });
  });

  it('closes the sockets of the control plane itself so', async () => {
    await using stopping = await SessionServer.start(await databases.fresh());
    const { url, apiKey, controlPlane } = stopping.server;
    const path = `${url}/v1/capsules/${stopping.capsuleId}/pty`;
    const socket = await SocketClient.open(path, { 'x-api-key': apiKey });
    socket.send({ type: 'start' });
    await socket.frame('started');
    await controlPlane.stop('leave');
    expect(await socket.end()).toEqual({ code: 1001 });
  });
});
