import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ClientOptions, WebSocket, WebSocketServer } from 'ws';
import { Channel } from './channel.ts';
import { comesTrue } from './testing/comes-true.ts';

const pingMs = 30_000;

beforeEach(() => {
  // Only what a channel looks at its client by: connections and waits go on as ever.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

interface Pair {
  readonly channel: Channel;
  /** Ours, below the channel. */
  readonly socket: WebSocket;
  readonly client: WebSocket;
}

async function pair(options: ClientOptions = {}): Promise<Pair> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, 'connection') as Promise<[WebSocket]>;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, options);
  client.on('error', () => undefined);
  const [socket] = await accepted;
  const channel = new Channel(socket, pingMs);
  if (client.readyState === WebSocket.CONNECTING) await once(client, 'open');
  onTestFinished(() => {
    client.terminate();
    socket.terminate();
    server.close();
  });
  return { channel, socket, client };
}

const tick = () => vi.advanceTimersByTime(pingMs);

const filler = 'x'.repeat(16_000);
const messageOf = (number: number) => `${number} ${filler}`;

/** So much that the channel stops reading, and more. */
async function backUp({ socket, client }: Pair, count: number): Promise<void> {
  for (let number = 0; number < count; number++) client.send(messageOf(number));
  await comesTrue('the channel stops reading', () => socket.isPaused);
}

async function closed({ channel }: Pair, each: () => void): Promise<void> {
  await comesTrue('the channel closes', () => {
    if (!channel.closed.aborted) each();
    return channel.closed.aborted;
  });
}

describe('a client', () => {
  it('that answers stays, for ever', async () => {
    const { channel, socket } = await pair();
    for (let turn = 0; turn < 10; turn++) {
      const answered = once(socket, 'pong');
      tick();
      await answered;
    }
    expect(channel.closed.aborted).toBe(false);
  });

  it('is told in a message too, for those who see no pings', async () => {
    const { client } = await pair();
    const told = once(client, 'message');
    tick();
    expect(String((await told)[0])).toBe('{"type":"ping"}');
  });

  it('that answers none of two pings is gone', async () => {
    const both = await pair({ autoPong: false });
    let ticks = 0;
    await closed(both, () => {
      ticks += 1;
      tick();
    });
    expect(ticks).toBe(3);
  });

  it('that answers no ping but sends is there', async () => {
    const { channel, client } = await pair({ autoPong: false });
    for (let turn = 0; turn < 10; turn++) {
      tick();
      client.send('x');
      expect(await channel.next()).toEqual({ kind: 'text', text: 'x' });
    }
    expect(channel.closed.aborted).toBe(false);
  });
});

describe('input that nobody takes', () => {
  it('is left with the client', async () => {
    const both = await pair();
    await backUp(both, 2_000);
    // All of it would have come by the time that a hundred other messages have gone back and forth.
    const { client: other, channel } = await pair();
    for (let turn = 0; turn < 100; turn++) {
      other.send('x');
      await channel.next();
    }
    expect(both.socket.isPaused).toBe(true);
    expect(both.client.bufferedAmount).toBeGreaterThan(0);
  });

  it('comes whole and in order once it is taken, after however many pings', async () => {
    const both = await pair();
    const count = 1_000;
    await backUp(both, count);
    for (let turn = 0; turn < 50; turn++) tick();
    for (let number = 0; number < count; number++)
      expect(await both.channel.next()).toEqual({ kind: 'text', text: messageOf(number) });
    expect(both.channel.closed.aborted).toBe(false);
  });

  it('does not hide that its client broke off', async () => {
    const both = await pair();
    await backUp(both, 1_000);
    both.client.terminate();
    await closed(both, tick);
  });

  it('does not keep a close of ours from being heard', async () => {
    const both = await pair();
    await backUp(both, 1_000);
    both.channel.close(1008, 'enough');
    const [code] = await once(both.client, 'close');
    expect(code).toBe(1008);
    await closed(both, () => undefined);
  });

  it('is dropped where a socket takes none, and its end is heard behind it', async () => {
    const both = await pair();
    await backUp(both, 1_000);
    both.channel.ignoreInput();
    both.client.close(1000);
    await closed(both, () => undefined);
    expect(await both.channel.next()).toBeUndefined();
  });
});

describe('a client that does not read', () => {
  const frame = Buffer.alloc(64 * 1024);

  it('holds up whoever sends to it, who goes on when it reads', async () => {
    const { channel, socket, client } = await pair();
    client.pause();
    let sent = 0;
    let most = 0;
    const count = 2_000;
    const sending = (async () => {
      for (; sent < count; sent++) {
        await channel.send(frame);
        most = Math.max(most, socket.bufferedAmount);
      }
    })();
    await comesTrue('the sender waits', () => socket.bufferedAmount > 1024 * 1024);
    const waitsAt = sent;
    expect(waitsAt).toBeLessThan(count);
    let received = 0;
    client.on('message', () => {
      received += 1;
    });
    client.resume();
    await sending;
    await comesTrue('all is received', () => received === count);
    // A frame above the bound, and what frames it.
    expect(most).toBeLessThan(1024 * 1024 + 2 * frame.length);
  });

  it('holds up nobody any more once it is gone', async () => {
    const { channel, socket, client } = await pair();
    client.pause();
    const sending = (async () => {
      while (!channel.closed.aborted) await channel.send(frame);
    })();
    await comesTrue('the sender waits', () => socket.bufferedAmount > 1024 * 1024);
    client.terminate();
    await sending;
  });
});
