import { type TestDatabases, testDatabases } from '@wrenn/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrateUrl } from '../db/migrator.ts';
import { comesTrue } from '../sockets/testing/comes-true.ts';
import { SessionServer } from '../sockets/testing/session-server.ts';

let databases: TestDatabases;
let server: SessionServer;

beforeAll(async () => {
  databases = await testDatabases('18', migrateUrl);
  server = await SessionServer.start(await databases.fresh());
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  await databases?.[Symbol.asyncDispose]();
});

describe('`stop`', () => {
  it('ends a command that does not read its input', async () => {
    const { socket, program } = await server.command({ stdin: true });
    program.hang();
    for (let count = 0; count < 500; count++) socket.send({ type: 'stdin', data: 'unread' });
    socket.send({ type: 'stop' });
    expect(await socket.end()).toEqual({ code: 1000 });
    await comesTrue('it ends', () => program.hasEnded);
  });

  it('ends a command that has closed its input', async () => {
    const { socket, program } = await server.command({ stdin: true });
    program.closeInput();
    for (let count = 0; count < 5; count++) socket.send({ type: 'stdin', data: 'refused' });
    socket.send({ type: 'stdin_end' });
    program.print('it goes on');
    expect(await socket.frame('stdout')).toMatchObject({ data: 'it goes on' });
    socket.send({ type: 'stop' });
    expect(await socket.end()).toEqual({ code: 1000 });
    await comesTrue('it ends', () => program.hasEnded);
  });
});

describe('the input of a command', () => {
  it('comes whole and in order, and then its end', async () => {
    const { socket, program } = await server.command({ stdin: true, encoding: 'base64' });
    program.hang();
    const data = Buffer.from(Array.from({ length: 1_200_000 }, (_, at) => at % 251));
    socket.send({ type: 'stdin', data: 'first ', encoding: 'utf-8' });
    socket.send({ type: 'stdin', data: data.toString('base64') });
    socket.send(new Uint8Array(data));
    socket.send({ type: 'stdin_end' });
    program.goOn();
    await comesTrue('it has its end', () => program.deeds.at(-1) === 'end of input');
    const expected = Buffer.concat([Buffer.from('first '), data, data]);
    expect(Buffer.concat(program.pieces).equals(expected)).toBe(true);
    program.exit(0);
    expect(await socket.frame('exit')).toMatchObject({ exit_code: 0 });
  });

  it('is refused where it is not what it says, and the command ends', async () => {
    const { socket, program } = await server.command({ stdin: true });
    socket.send({ type: 'stdin', data: '?', encoding: 'base64' });
    expect(await socket.frame('error')).toMatchObject({ error: { field: 'data' } });
    expect(await socket.end()).toEqual({ code: 1008 });
    await comesTrue('it ends', () => program.hasEnded);
  });
});

describe('the output of a command as text', () => {
  const told = async (pieces: readonly (readonly number[])[]) => {
    const { socket, program } = await server.command();
    for (const piece of pieces) program.print(new Uint8Array(piece));
    program.exit(0);
    await socket.frame('exit');
    return socket.frames.flatMap((frame) => (frame.type === 'stdout' ? [frame['data']] : []));
  };

  it('is put together where a character came in pieces, and keeps a byte order mark', async () => {
    const [mark, letter] = [[0xef, 0xbb, 0xbf] as const, [0xc3, 0xa9] as const];
    expect((await told([[...mark, letter[0]], [letter[1]]])).join('')).toBe('\uFEFFé');
  });

  it('tells of a character that was cut off by the end of the command', async () => {
    expect(await told([[0x61, 0xe2, 0x82]])).toEqual(['a', '\uFFFD']);
  });
});

it('a client that goes away ends its command', async () => {
  const { socket, program } = await server.command();
  socket.socket.close(1000);
  await comesTrue('it ends', () => program.hasEnded);
});
