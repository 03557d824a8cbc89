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

describe('a client that leaves', () => {
  it('right after it typed has typed, even into a program that takes its time', async () => {
    const { socket, program } = await server.terminal();
    program.hang();
    socket.type('one ');
    socket.type('two');
    socket.socket.close(1000);
    await socket.end();
    program.goOn();
    await comesTrue('all is typed', () => program.read === 'one two');
  });

  it('right after a size and a kill has set and killed', async () => {
    const { socket, program } = await server.terminal();
    program.hang();
    socket.type('never read');
    socket.send({ type: 'resize', cols: 120, rows: 40 });
    socket.send({ type: 'kill' });
    socket.socket.close(1000);
    await comesTrue('it is killed', () => program.hasEnded);
    expect(program.deeds).toEqual(['120x40', 'kill']);
  });

  it('leaves its terminal running', async () => {
    const { socket, program } = await server.terminal();
    await socket[Symbol.asyncDispose]();
    await comesTrue('nobody looks', () => program.readers === 0);
    expect(program.hasEnded).toBe(false);
  });
});

describe('a program that does not read its input', () => {
  it('is killed all the same, and its exit is told', async () => {
    const { socket, program } = await server.terminal();
    program.hang();
    socket.send(new Uint8Array(500_000));
    socket.send({ type: 'kill' });
    expect(await socket.frame('exit')).toMatchObject({ exit_code: 137 });
    expect(await socket.end()).toEqual({ code: 1000 });
    expect(program.read).toBe('');
  });

  it('has a new size at once, and its input in order when it reads', async () => {
    const { socket, program } = await server.terminal();
    program.hang();
    socket.type('before ');
    socket.send({ type: 'resize', cols: 100, rows: 30 });
    await comesTrue('it has the size', () => program.deeds.includes('100x30'));
    socket.type('after');
    program.goOn();
    await comesTrue('all is typed', () => program.read === 'before after');
  });
});

describe('what is done to a program that has ended', () => {
  it.each([
    ['keys', { type: 'input', data: btoa('x') }],
    ['a size', { type: 'resize', cols: 1, rows: 1 }],
    ['another kill', { type: 'kill' }],
  ])('is no fault: after %s too the client is told the exit', async (_what, frame) => {
    const { socket, program } = await server.terminal();
    // The exit waits behind output that the client does not want yet.
    socket.send({ type: 'flow', state: 'hold' });
    socket.type('x');
    await comesTrue('it was typed', () => program.read === 'x');
    program.print('last words');
    program.exit(7);
    socket.send(frame);
    await comesTrue('it is refused', () => program.late > 0);
    // Whatever becomes of that is known by the time that another has opened a terminal.
    await server.terminal();
    socket.send(frame);
    socket.send({ type: 'flow', state: 'go' });
    expect(await socket.frame('exit')).toMatchObject({ exit_code: 7 });
    expect(await socket.end()).toEqual({ code: 1000 });
  });

  it('is no fault for keys that waited when it ended', async () => {
    const { socket, program } = await server.terminal();
    program.hang();
    socket.type('never read');
    socket.send({ type: 'resize', cols: 1, rows: 1 });
    await comesTrue('it has the size', () => program.deeds.includes('1x1'));
    program.exit(3);
    expect(await socket.frame('exit')).toMatchObject({ exit_code: 3 });
    expect(await socket.end()).toEqual({ code: 1000 });
  });

  it('is a fault where the program runs and refuses its input', async () => {
    const { socket, program } = await server.terminal();
    program.closeInput();
    socket.type('x');
    expect(await socket.frame('error')).toMatchObject({ fatal: true, error: { code: 'invalid_state' } });
    expect(await socket.end()).toEqual({ code: 1008 });
  });
});

describe('what is typed', () => {
  it('with the start is typed when the program runs', async () => {
    const socket = await server.open('/pty');
    socket.send({ type: 'start' });
    socket.type('early');
    const { pid } = await socket.frame('started');
    const program = server.server.agent.programs.find((known) => known.pid === pid);
    await comesTrue('it is typed', () => program?.read === 'early');
    expect(await socket.frame('ack')).toMatchObject({ offset: 5 });
    await socket[Symbol.asyncDispose]();
  });

  it('at once goes in calls that a guest takes, and is confirmed', async () => {
    const { socket, program } = await server.terminal();
    const data = Buffer.from(Array.from({ length: 1_500_000 }, (_, at) => at % 251));
    socket.send({ type: 'input', data: data.toString('base64') });
    await comesTrue('it is confirmed', () =>
      socket.frames.some(({ type, offset }) => type === 'ack' && offset === data.length),
    );
    expect(Buffer.concat(program.pieces).equals(data)).toBe(true);
    expect(Math.max(...program.pieces.map(({ length }) => length))).toBeLessThanOrEqual(64 * 1024);
    await socket[Symbol.asyncDispose]();
  });
});

it('a wrong frame is refused also while output is held up', async () => {
  const { socket, program } = await server.terminal();
  socket.send({ type: 'flow', state: 'hold' });
  program.print('unwanted');
  await comesTrue('it is on its way', () => program.framesTaken === 1);
  socket.send({ type: 'nonsense' });
  expect(await socket.frame('error')).toMatchObject({ fatal: true, error: { code: 'invalid_request' } });
  expect(await socket.end()).toEqual({ code: 1008 });
});

describe('a client that looks on', () => {
  it.each([
    ['a key', { type: 'input', data: btoa('x') }],
    ['a binary key', new Uint8Array([120])],
    ['a size', { type: 'resize', cols: 10, rows: 10 }],
    ['a kill', { type: 'kill' }],
  ])('sees what is printed, and is refused %s', async (_what, frame) => {
    const { socket, program } = await server.terminal();
    await using viewer = await looking(program.tag);
    program.print('for all to see');
    expect(await viewer.frame('output')).toMatchObject({ data: btoa('for all to see') });
    viewer.send(frame);
    expect(await viewer.frame('error')).toMatchObject({ error: { code: 'forbidden' } });
    // The terminal goes on; what was done to it before would stand before this.
    socket.type('y');
    await comesTrue('its writer types', () => program.read === 'y');
    expect(program.deeds).toEqual(['input']);
  });

  it('is told the size that the terminal has, and each that it gets, which who types is not', async () => {
    const { socket, program } = await server.terminal();
    program.resize({ cols: 100, rows: 30 });
    await using viewer = await looking(program.tag);
    const sizes = () => viewer.frames.filter(({ type }) => type === 'size');
    await expect.poll(sizes).toEqual([{ type: 'size', cols: 100, rows: 30 }]);
    socket.send({ type: 'resize', cols: 120, rows: 40 });
    await expect.poll(sizes).toHaveLength(2);
    expect(sizes().at(-1)).toEqual({ type: 'size', cols: 120, rows: 40 });
    program.print('for the new size');
    await socket.frame('output');
    expect(socket.frames.map(({ type }) => type)).not.toContain('size');
  });

  it('may hold up its own output', async () => {
    const { program } = await server.terminal();
    await using viewer = await looking(program.tag);
    viewer.send({ type: 'flow', state: 'hold' });
    viewer.send({ type: 'flow', state: 'go' });
    program.print('after all');
    expect(await viewer.frame('output')).toMatchObject({ data: btoa('after all') });
  });
});

async function looking(tag: string) {
  const viewer = await server.open('/pty');
  viewer.send({ type: 'connect', tag, mode: 'view' });
  await viewer.frame('started');
  return viewer;
}
