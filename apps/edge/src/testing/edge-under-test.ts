import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';
import { abortable, Cleanup, deadline, idFromUuid } from '@wrenn/core';
import { Passage, Places } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import type { CapsuleFacts } from '../capsules/facts.ts';
import { Edge } from '../edge.ts';
import { edgeServer, type Tls } from '../edge-server.ts';
import { Front } from '../front.ts';
import type { Outside } from '../passing.ts';
import { Refusal } from '../refusal/refusal.ts';

const edgeAddress = '127.0.0.1';

export const capsuleId = idFromUuid('capsule', '01234567-89ab-cdef-0123-456789abcdef');

/** Not the address of the edge: at the edge's own port nobody listens here. */
export const capsuleAddress = '127.0.0.2';

/** An edge before one capsule, in whose place a server of the test's listens on this machine. */
export interface EdgeUnderTest extends AsyncDisposable {
  /** `host:port` of the edge itself. */
  readonly address: string;
  /** The port "in the capsule". */
  readonly port: number;
  /** The name of that port, for `Host`. */
  readonly host: string;
  /** A port of the capsule that nobody listens on. */
  readonly closedPort: number;
  readonly guest: Server;
  readonly passage: Passage;
  readonly accessKey: Buffer;
  /** A connection to the edge. */
  connect(): Socket;
  /** Sends text on a connection of its own, and returns all that comes back until the edge ends it. */
  raw(text: string): Promise<string>;
}

export async function startEdge(
  onRequest: RequestListener,
  options: {
    readonly ports?: 'public' | 'private';
    readonly outside?: Partial<Outside>;
    readonly tls?: Tls;
    readonly mostAtOnce?: number;
    readonly agreeMs?: number;
  } = {},
): Promise<EdgeUnderTest> {
  const cleanup = new Cleanup();
  const guest = await listening(
    createServer({ maxHeaderSize: 128 * 1024 }, onRequest),
    cleanup,
    capsuleAddress,
  );
  const spare = await listening(createServer(), cleanup, edgeAddress);
  const accessKey = randomBytes(32);
  const facts: CapsuleFacts = {
    status: 'running',
    autoResume: false,
    publicPorts: options.ports !== 'private',
    accessKey,
    hostId: 'host',
    relay: undefined,
  };
  const passage = new Passage(capsuleId, capsuleAddress, undefined);
  await cleanup.add('passage', () => passage.drop());
  const edge = new Edge({
    facts: { fresh: (id) => (id === capsuleId ? facts : undefined), of: async () => undefined },
    reach: {
      direct: () => (passage.isOpen ? passage : undefined),
      findAgain: async () => passage,
      find: async (_id, signal) => {
        if (await passage.ready(signal)) return passage;
        throw new Refusal('not_running', 'the capsule is paused');
      },
    },
    front: new Front(new URL(`http://${capsuleAddress}:${portOf(guest)}`)),
    outside: { hostHeader: 'public', forwarded: 'replace', ...options.outside },
    log: createLogger('test', 'silent'),
    ...(options.agreeMs === undefined ? {} : { agreeMs: options.agreeMs }),
    ...(options.mostAtOnce === undefined ? {} : { places: new Places(options.mostAtOnce) }),
  });
  const { server, closeConnections } = edgeServer(edge, options.tls);
  await once(server.listen(0, edgeAddress), 'listening');
  await cleanup.add('edge', () => {
    server.close();
    closeConnections();
  });
  const edgePort = portOf(server);
  const port = portOf(guest);
  return {
    address: `${edgeAddress}:${edgePort}`,
    port,
    host: `${port}-${capsuleId}.localhost:${edgePort}`,
    closedPort: edgePort === port ? portOf(spare) : edgePort,
    guest,
    passage,
    accessKey,
    connect: () => connect(edgePort, edgeAddress),
    raw: (text) => talk(connect(edgePort, edgeAddress), text),
    [Symbol.asyncDispose]: () => cleanup.release(),
  };
}

/** The whole body of a message, as text. */
export async function bodyOf(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}

async function listening(server: Server, cleanup: Cleanup, address: string): Promise<Server> {
  await once(server.listen(0, address), 'listening');
  await cleanup.add('server', async () => {
    server.close();
    server.closeAllConnections();
  });
  return server;
}

async function talk(socket: Socket, text: string): Promise<string> {
  using limit = deadline(20_000, 'waiting for the edge to end a connection');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  try {
    // Not `once`, which rejects at a reset: what came before that counts as well.
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await abortable(closed, limit);
  } finally {
    socket.destroy();
  }
  return Buffer.concat(chunks).toString();
}
