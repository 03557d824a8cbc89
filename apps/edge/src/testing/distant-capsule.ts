import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CapsuleId, Cleanup } from '@wrenn/core';
import { Catalog, Passage, Places } from '@wrenn/forward';
import { createLogger } from '@wrenn/service';
import { makeTestPki } from '@wrenn/testkit/test-pki';
import type { CapsuleFacts } from '../capsules/facts.ts';
import { FactsCache } from '../capsules/facts-cache.ts';
import { Reach } from '../capsules/reach.ts';
import { Relays } from '../capsules/relays.ts';
import { Edge } from '../edge.ts';
import { edgeServer } from '../edge-server.ts';
import { Front } from '../front.ts';
import { capsuleId } from './edge-under-test.ts';
import { FakeRelay } from './fake-relay.ts';

export const hostId = 'host-of-the-capsule';
const log = createLogger('test', 'silent');

/** An edge on a machine without capsules, and one capsule behind the relay of another. */
export interface DistantCapsule extends AsyncDisposable {
  /** `host:port` of the edge. */
  readonly address: string;
  /** The name of the port "in the capsule". */
  readonly host: string;
  readonly guest: Server;
  readonly relay: FakeRelay;
  /** What the control plane says of it. */
  facts: CapsuleFacts;
  /** Asked before the control plane answers anything. */
  beforeFacts: () => Promise<void>;
  /** Before it says that it has woken the capsule. */
  beforeWake: () => Promise<void>;
  /** How often it was asked to wake the capsule. */
  wakes: number;
  /** Takes it off its host, as a pause does. */
  pause(): void;
  resume(): void;
  passage(): Passage | undefined;
  connect(): Socket;
}

export async function startDistant(
  onRequest: RequestListener,
  { mostAtOnce = 2_000 } = {},
): Promise<DistantCapsule> {
  const cleanup = new Cleanup();
  const folder = mkdtempSync(join(tmpdir(), 'wrenn-distant-'));
  await cleanup.add('folder', () => rmSync(folder, { recursive: true }));
  const pki = join(folder, 'pki');
  makeTestPki(pki, hostId);
  const relay = await FakeRelay.open(pki);
  await cleanup.add('relay', () => relay[Symbol.asyncDispose]());
  // The edge is not on the machine whose certificate this is.
  rmSync(join(pki, 'host.crt'));
  const guest = createServer(onRequest);
  await once(guest.listen(0, '127.0.0.1'), 'listening');
  await cleanup.add('guest', () => close(guest));

  const capsule = {
    guest,
    relay,
    wakes: 0,
    beforeFacts: async () => {},
    beforeWake: async () => {},
    facts: {
      status: 'running',
      autoResume: true,
      publicPorts: true,
      accessKey: Buffer.alloc(32),
      hostId,
      relay: relay.address,
    } as CapsuleFacts,
    pause() {
      relay.passages.get(capsuleId)?.drop();
      relay.passages.delete(capsuleId);
      this.facts = { ...this.facts, status: 'paused' };
    },
    resume() {
      relay.passages.set(capsuleId, new Passage(capsuleId, '127.0.0.1', undefined));
      this.facts = { ...this.facts, status: 'running' };
    },
    passage: () => relay.passages.get(capsuleId),
  };
  capsule.resume();
  await cleanup.add('passages', () => {
    for (const passage of relay.passages.values()) passage.drop();
  });
  const facts = new FactsCache(async () => {
    await capsule.beforeFacts();
    return capsule.facts;
  }, log);
  const controlPlane = {
    wake: async (_id: CapsuleId) => {
      capsule.wakes += 1;
      await capsule.beforeWake();
      capsule.resume();
      return capsule.facts;
    },
  };
  const catalog = new Catalog({ socketPath: join(folder, 'no-agent'), kind: 'edge', log });
  await cleanup.add('catalog', () => catalog[Symbol.dispose]());
  const relays = new Relays(folder);
  await cleanup.add('relays', () => relays[Symbol.dispose]());
  const reach = new Reach({ catalog, relays, controlPlane, facts, log });
  const edge = new Edge({
    facts,
    reach,
    front: new Front(new URL('http://127.0.0.1:9')),
    outside: { hostHeader: 'public', forwarded: 'replace' },
    log,
    places: new Places(mostAtOnce),
  });
  const { server, closeConnections } = edgeServer(edge, undefined);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  await cleanup.add('edge', () => {
    server.close();
    closeConnections();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(capsule, {
    address: `127.0.0.1:${port}`,
    host: `${(guest.address() as AddressInfo).port}-${capsuleId}.localhost:${port}`,
    connect: () => connect(port, '127.0.0.1'),
    [Symbol.asyncDispose]: () => cleanup.release(),
  });
}

function close(server: Server): void {
  server.close();
  server.closeAllConnections();
}
