import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { capsuleAddress, capsuleId } from './edge-under-test.ts';

/** A program in the capsule that says what it likes on its connections, HTTP or not. */
export interface RawGuest extends AsyncDisposable {
  /** The heads of the requests that it got, in their order. */
  readonly heard: string[];
  /** The name of its port, for `Host`. */
  readonly host: string;
  readonly sockets: ReadonlySet<Socket>;
}

/** `say` answers each request, once its head has come. */
export async function startRawGuest(say: (socket: Socket, head: string) => void): Promise<RawGuest> {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const head = text.slice(0, end);
      text = text.slice(end + 4);
      heard.push(head);
      say(socket, head);
    });
  });
  await once(server.listen(0, capsuleAddress), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    heard,
    host: `${port}-${capsuleId}.localhost`,
    sockets,
    [Symbol.asyncDispose]: () => close(server, sockets),
  };
}

async function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
