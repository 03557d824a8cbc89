/**
 * A program that forwards ports in the network namespace where a test has started it, or, as another process since a
 * daemon's own ports are not forwarded, listens and connects there. It says when it is ready, does what each message of
 * its parent says, and answers. Its arguments: the address, and the words that start socat.
 */
import { EventEmitter, once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { systemCode } from '@wrenn/core';
import { PortForwarding } from '../ports/port-forwarding.ts';
import { unplaced, type Workload } from '../workload/workload.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}
export type Order =
  | { readonly kind: 'start' | 'stop' | 'stop-while-starting' }
  /** No user has a process any more; answers when that was noticed. `wake`: one was started. */
  | { readonly kind: 'sleep' | 'wake' }
  /** What each connection is answered with when its input has ended. */
  | ({ readonly kind: 'listen'; readonly says: string } & Place)
  /** Listens no more; connections go on. */
  | ({ readonly kind: 'close' } & Place)
  /** Listens nowhere, and drops its connection. */
  | { readonly kind: 'clear' }
  /** Connects, ends its input, and tells what comes, or the name of the error. */
  | ({ readonly kind: 'ask' } & Place)
  /** The same in two steps: sends something and tells what comes, then `finish` ends the input. */
  | ({ readonly kind: 'connect' } & Place)
  | { readonly kind: 'finish' };

const [address = '', ...command] = process.argv.slice(2);
const asked = new EventEmitter();
let isPopulated = true;
const workload: Workload = {
  ...unplaced,
  get isPopulated() {
    asked.emit('asked');
    return isPopulated;
  },
};
const forwarding = new PortForwarding({ address, command, workload });
const servers = new Map<string, Server>();
let connection: Socket | undefined;

async function obey(order: Order): Promise<string> {
  switch (order.kind) {
    case 'start':
      forwarding.start();
      return '';
    case 'stop':
      await forwarding.stop();
      return '';
    case 'stop-while-starting': {
      forwarding.start();
      const stopped = Promise.all([forwarding.stop(), forwarding.stop()]);
      forwarding.start();
      await stopped;
      return '';
    }
    case 'sleep':
      isPopulated = false;
      await once(asked, 'asked');
      return '';
    case 'wake':
      isPopulated = true;
      forwarding.wake();
      return '';
    case 'listen':
      return await listen(order, order.says);
    case 'close':
      servers.get(`${order.host} ${order.port}`)?.close();
      return '';
    case 'clear':
      connection?.destroy();
      for (const server of servers.values()) server.close();
      servers.clear();
      return '';
    case 'ask':
      connection = connect({ ...order, allowHalfOpen: true });
      return await text(connection.end());
    case 'connect':
      connection = connect({ ...order, allowHalfOpen: true });
      connection.write('x');
      await once(connection, 'readable');
      return String(connection.read());
    case 'finish':
      return connection === undefined ? '' : await text(connection.end());
  }
}

async function listen({ host, port }: Place, says: string): Promise<string> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write('welcome'));
    socket.once('end', () => socket.end(says));
    socket.resume();
  });
  servers.set(`${host} ${port}`, server);
  await once(server.listen(port, host), 'listening');
  return '';
}

process.on('message', (order: Order) => {
  void obey(order)
    .catch((thrown: unknown) => systemCode(thrown) ?? String(thrown))
    .then((answer) => process.send?.(answer));
});
process.once('disconnect', () => {
  void forwarding.stop();
  process.exit(0);
});
process.send?.('ready');
