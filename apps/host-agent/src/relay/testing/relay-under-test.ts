import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { Cleanup, newId, until } from '@wrenn/core';
import { Catalog, Places } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import { makeTestPki } from '@wrenn/testkit/test-pki';
import { TrafficCatalog } from '../../traffic/traffic-catalog.ts';
import { Relay } from '../relay.ts';
import { relayServer } from '../relay-server.ts';

const log = createLogger('test', 'silent');
export const id = newId('capsule');

export type Caller = 'edge' | 'cp' | 'stranger';

/** A relay with its agent's catalog, and one capsule in whose place a server of the test's listens. */
export interface RelayUnderTest extends AsyncDisposable {
  readonly agent: TrafficCatalog;
  readonly catalog: Catalog;
  readonly guest: Server;
  /** The connections to the guest that are open. */
  readonly guestConnections: ReadonlySet<Socket>;
  /** Before the path on the port "in the capsule". */
  readonly prefix: string;
  connect(caller?: Caller): TLSSocket;
}

export async function startRelay(
  onRequest: RequestListener,
  { mostAtOnce = 2_000 } = {},
): Promise<RelayUnderTest> {
  const cleanup = new Cleanup();
  const folder = mkdtempSync(join(tmpdir(), 'wrenn-relay-'));
  await cleanup.add('folder', () => rmSync(folder, { recursive: true }));
  makeTestPki(folder, 'host');
  const read = (name: string) => readFileSync(join(folder, name));
  const { guest, guestConnections } = await startGuest(onRequest, cleanup);
  const socketPath = join(folder, 'traffic.sock');
  const agent = await TrafficCatalog.open({ path: socketPath, log, onUse: () => undefined });
  await cleanup.add('agent', () => agent.close());
  const catalog = new Catalog({ socketPath, kind: 'relay', log });
  await cleanup.add('catalog', () => catalog[Symbol.dispose]());
  agent.serve({ id, address: '127.0.0.1', token: 'token' });
  await until(() => catalog.passage(id), 5, AbortSignal.timeout(20_000));
  const server = relayServer(new Relay(catalog, log, new Places(mostAtOnce)), {
    ca: read('ca.crt'),
    cert: read('host.crt'),
    key: read('host.key'),
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await cleanup.add('relay', () => {
    server.close();
    server.closeAllConnections();
  });
  return {
    agent,
    catalog,
    guest,
    guestConnections,
    prefix: `/proxy/${id}/${(guest.address() as AddressInfo).port}`,
    connect(caller = 'edge') {
      const pair = { cert: read(`${caller}.crt`), key: read(`${caller}.key`) };
      const { port } = server.address() as AddressInfo;
      const socket = connect({ host: '127.0.0.1', port, ca: read('ca.crt'), ...pair });
      socket.on('error', () => undefined);
      return socket;
    },
    [Symbol.asyncDispose]: () => cleanup.release(),
  };
}

async function startGuest(onRequest: RequestListener, cleanup: Cleanup) {
  const guest = createServer({ maxHeaderSize: 128 * 1024 }, onRequest);
  const guestConnections = new Set<Socket>();
  guest.on('connection', (socket) => {
    guestConnections.add(socket);
    socket.once('close', () => guestConnections.delete(socket));
  });
  await once(guest.listen(0, '127.0.0.1'), 'listening');
  await cleanup.add('guest', () => {
    guest.close();
    guest.closeAllConnections();
  });
  return { guest, guestConnections };
}
