import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stepToTimeOf } from './step-to-time-of.ts';

let server: Server;
let client: Socket;
let accepted: Socket;
beforeEach(async () => {
  server = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  client = connect(address.port, '127.0.0.1');
  [accepted] = await once(server, 'connection');
});
afterEach(() => {
  client.destroy();
  accepted.destroy();
  server.close();
});

/** A clock that is stepped; this machine's stays as it is. */
class FakeMachine {
  clockNs = 0n;
  stepClock = (toNs: bigint) => {
    const movedBy = toNs - this.clockNs;
    this.clockNs = toNs;
    return movedBy;
  };
}

const sentNs = 1_000_000_000_000n;
const step = (machine: FakeMachine) => stepToTimeOf(machine, sentNs, accepted);

test('a time that waited to be read is as much later when the clock is stepped to it', async () => {
  client.write('x');
  const machine = new FakeMachine();
  const aged = () => {
    machine.clockNs = 5n;
    expect(step(machine)).toBe(machine.clockNs - 5n);
    return Number(machine.clockNs - sentNs) / 1e6;
  };
  await expect.poll(aged).toBeGreaterThan(100);
});

test('without a connection any more it is the time that was sent', () => {
  accepted.destroy();
  const machine = new FakeMachine();
  step(machine);
  expect(machine.clockNs).toBe(sentNs);
});
