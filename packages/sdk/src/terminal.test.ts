import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Terminal, type TerminalSize, type TerminalStatus } from './terminal.ts';

type Frame = Readonly<Record<string, unknown>>;

/** The end of a connection that a test holds: nothing is on the other but what it says. */
class FakeSocket extends EventTarget {
  readyState: number = WebSocket.CONNECTING;
  readonly sent: Frame[] = [];

  send(data: string): void {
    this.sent.push(JSON.parse(data) as Frame);
  }

  close(): void {
    this.readyState = WebSocket.CLOSING;
  }

  opens(): void {
    this.readyState = WebSocket.OPEN;
    this.dispatchEvent(new Event('open'));
  }

  says(frame: Frame): void {
    this.dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
  }

  prints(number: number, text: string): void {
    const data = new Uint8Array(8 + text.length);
    new DataView(data.buffer).setBigUint64(0, BigInt(number));
    data.set(new TextEncoder().encode(text), 8);
    this.dispatchEvent(new MessageEvent('message', { data: data.buffer }));
  }

  breaks(): void {
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(new Event('close'));
  }

  /** The server's answer to the first frame. */
  starts(): void {
    this.opens();
    this.says({ type: 'started', tag: 'pty-1', pid: 1 });
  }
}

let sockets: FakeSocket[];
let statuses: TerminalStatus[];
let sizes: TerminalSize[];

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  statuses = [];
  sizes = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const last = (): FakeSocket => {
  const socket = sockets.at(-1);
  if (socket === undefined) throw new Error('nobody has dialled');
  return socket;
};

function opening(): Promise<Terminal> {
  const connect = () => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  const onStatus = (status: TerminalStatus) => statuses.push(status);
  const onSize = (size: TerminalSize) => sizes.push(size);
  return Terminal.open(connect, { type: 'start' }, { onStatus, onSize });
}

async function opened(): Promise<Terminal> {
  const terminal = opening();
  last().starts();
  return await terminal;
}

describe('a kill', () => {
  it('that falls into a broken connection is done by the next one', async () => {
    const terminal = await opened();
    last().breaks();
    terminal.kill();
    vi.advanceTimersByTime(100);
    last().starts();
    expect(last().sent).toContainEqual({ type: 'kill' });
    terminal.close();
  });

  it('that may have been lost with its connection is said again', async () => {
    const terminal = await opened();
    terminal.kill();
    expect(last().sent.filter(({ type }) => type === 'kill')).toHaveLength(1);
    last().breaks();
    vi.advanceTimersByTime(100);
    last().starts();
    expect(last().sent).toContainEqual({ type: 'kill' });
    terminal.close();
  });
});

describe('the size of a terminal that is looked at', () => {
  it('is told whenever the server does', async () => {
    const terminal = await opened();
    last().says({ type: 'size', cols: 80, rows: 24 });
    last().says({ type: 'size', cols: 120, rows: 40 });
    expect(sizes).toEqual([
      { cols: 80, rows: 24 },
      { cols: 120, rows: 40 },
    ]);
    terminal.close();
  });
});

describe('a connection', () => {
  it('without a word for 75 s is given up for another, which goes on after the last output', async () => {
    const terminal = await opened();
    const silent = last();
    silent.prints(4, 'seen');
    vi.advanceTimersByTime(74_999);
    expect(sockets).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(silent.readyState).toBe(WebSocket.CLOSING);
    expect(statuses.at(-1)).toBe('reconnecting');
    vi.advanceTimersByTime(100);
    expect(sockets).toHaveLength(2);
    last().starts();
    expect(last().sent[0]).toMatchObject({ type: 'connect', tag: 'pty-1', from: 5 });
    expect(statuses.at(-1)).toBe('connected');
    // What the first one still has comes again by the second.
    silent.prints(5, 'twice?');
    last().prints(5, 'once');
    const read = terminal[Symbol.asyncIterator]();
    const text = async () => new TextDecoder().decode((await read.next()).value ?? undefined);
    expect([await text(), await text()]).toEqual(['seen', 'once']);
    silent.breaks();
    expect(sockets).toHaveLength(2);
    terminal.close();
  });

  it('of a server that only pings stays', async () => {
    const terminal = await opened();
    for (let minute = 0; minute < 20; minute++) {
      vi.advanceTimersByTime(60_000);
      last().says({ type: 'ping' });
    }
    expect(sockets).toHaveLength(1);
    expect(statuses).toEqual(['connected']);
    terminal.close();
  });

  it('that is not made within 10 s is tried again', async () => {
    const terminal = await opened();
    last().breaks();
    vi.advanceTimersByTime(100);
    expect(sockets).toHaveLength(2);
    const dialled = last();
    vi.advanceTimersByTime(10_000);
    expect(dialled.readyState).toBe(WebSocket.CLOSING);
    vi.advanceTimersByTime(200);
    expect(sockets).toHaveLength(3);
    last().starts();
    expect(statuses.at(-1)).toBe('connected');
    // It comes about after all, and nobody wants it any more.
    dialled.opens();
    expect(dialled.sent).toEqual([]);
    terminal.close();
  });

  it('that is not made within 10 s is a fault where there is no terminal yet', async () => {
    const refused = expect(opening()).rejects.toMatchObject({ code: 'connection_lost', retryable: true });
    vi.advanceTimersByTime(10_000);
    await refused;
  });

  it('leaves nothing behind when its terminal is left, in whatever state', async () => {
    const connected = await opened();
    connected.close();
    expect(vi.getTimerCount()).toBe(0);
    const lost = await opened();
    last().breaks();
    lost.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a reader that is behind', () => {
  const flows = () => last().sent.flatMap(({ type, state }) => (type === 'flow' ? [state] : []));

  it('holds up the output at a megabyte, and lets it go on at half of that', async () => {
    const terminal = await opened();
    const read = terminal[Symbol.asyncIterator]();
    const piece = 'x'.repeat(64 * 1024);
    for (let number = 1; number < 16; number++) last().prints(number, piece);
    expect(flows()).toEqual([]);
    last().prints(16, piece);
    expect(flows()).toEqual(['hold']);
    for (let number = 1; number <= 8; number++) await read.next();
    expect(flows()).toEqual(['hold']);
    await read.next();
    expect(flows()).toEqual(['hold', 'go']);
    expect([terminal.given, terminal.next]).toEqual([9, 17]);
    terminal.close();
  });

  it('holds it up again over a connection that was lost', async () => {
    const terminal = await opened();
    for (let number = 1; number <= 256; number++) last().prints(number, 'x');
    last().breaks();
    vi.advanceTimersByTime(100);
    last().starts();
    expect(flows()).toEqual(['hold']);
    terminal.close();
  });
});

describe('one that looks on', () => {
  it('says so again after its connection broke', async () => {
    const connect = () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket as unknown as WebSocket;
    };
    const looking = Terminal.open(connect, { type: 'connect', tag: 'pty-1', mode: 'view' }, {});
    last().starts();
    const terminal = await looking;
    last().breaks();
    vi.advanceTimersByTime(100);
    last().starts();
    expect(last().sent).toMatchObject([{ type: 'connect', mode: 'view', from: 1 }]);
    terminal.close();
  });
});
