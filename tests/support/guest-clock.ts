import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { deadline, until } from '@wrenn/core';

const clockPort = 9123;

/** A program for a guest: answers each byte that comes to the port with its time, as 64 bits of nanoseconds. */
export const clockServer = `import socket, struct, time
server = socket.create_server(("0.0.0.0", ${clockPort}))
while True:
    one, _ = server.accept()
    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        while one.recv(1): one.sendall(struct.pack("<q", time.time_ns()))
    except OSError: pass
    one.close()
`;

export interface ClockReading {
  /** How far the guest is ahead of this machine. */
  readonly aheadMs: number;
  /** By so much it may be wrong. */
  readonly uncertaintyMs: number;
}

/** More says too little. */
const mostUncertainMs = 5;

/** The best of many exchanges: the guest took its time while the quickest of them was under way. */
export async function readGuestClock(address: string): Promise<ClockReading> {
  using limit = deadline(60_000, 'reading the clock of a guest');
  const attempt = async () => {
    const reading = await exchange(address, limit).catch(() => undefined);
    return reading !== undefined && reading.uncertaintyMs < mostUncertainMs ? reading : undefined;
  };
  return await until(attempt, 50, limit);
}

async function exchange(address: string, signal: AbortSignal): Promise<ClockReading> {
  const socket = connect({ host: address, port: clockPort, noDelay: true });
  try {
    await once(socket, 'connect', { signal });
    return await bestOf(socket, signal);
  } finally {
    socket.destroy();
  }
}

async function bestOf(socket: Socket, signal: AbortSignal): Promise<ClockReading> {
  let best: ClockReading = { aheadMs: 0, uncertaintyMs: Number.POSITIVE_INFINITY };
  for (let turn = 0; turn < 40; turn++) {
    const sentMs = nowMs();
    socket.write('x');
    const [answer]: [Buffer] = await once(socket, 'data', { signal }).then(([data]) => [data]);
    const uncertaintyMs = (nowMs() - sentMs) / 2;
    const guestMs = Number(answer.readBigInt64LE()) / 1e6;
    if (uncertaintyMs < best.uncertaintyMs)
      best = { aheadMs: guestMs - sentMs - uncertaintyMs, uncertaintyMs };
  }
  return best;
}

/** With fractions, which a Date lacks. */
function nowMs(): number {
  return performance.timeOrigin + performance.now();
}
