import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '@wrenn/core';
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

const hostId = 'host-of-the-capsule';
const log = createLogger('test', 'silent');
/** Where nobody listens: the API is away. */
const apiUrl = new URL('http://127.0.0.1:9');

/** An edge on a machine without capsules, and one capsule behind the relay of another. */
export class DistantCapsule implements AsyncDisposable {
  readonly guest: Server;
  readonly relay: FakeRelay;
  /** What the control plane says of it. */
  facts: CapsuleFacts;
  /** Before the control plane says anything. */
  beforeFacts = async (): Promise<void> => {};
  /** Before it says that it has woken the capsule. */
  beforeWake = async (): Promise<void> => {};
  /** How often it was asked to. */
  wakes = 0;
  readonly #cleanup: Cleanup;
  #port = 0;

  private constructor(guest: Server, relay: FakeRelay, cleanup: Cleanup) {
    this.guest = guest;
    this.relay = relay;
    this.#cleanup = cleanup;
    this.facts = {
      status: 'running',
      autoResume: true,
      publicPorts: true,
      accessKey: Buffer.alloc(32),
      hostId,
      relay: relay.address,
    };
    this.resume();
  }

  static async start(onRequest: RequestListener, { mostAtOnce = 2_000 } = {}): Promise<DistantCapsule> {
    const cleanup = new Cleanup();
    const folder = mkdtempSync(join(tmpdir(), 'wrenn-distant-'));
    await cleanup.add('folder', () => rmSync(folder, { recursive: true }));
    makeTestPki(join(folder, 'pki'), hostId);
    const relay = await FakeRelay.open(join(folder, 'pki'));
    await cleanup.add('relay', () => relay[Symbol.asyncDispose]());
    // The edge is not on the machine whose certificate this is.
    rmSync(join(folder, 'pki', 'host.crt'));
    const guest = createServer(onRequest);
    await once(guest.listen(0, '127.0.0.1'), 'listening');
    await cleanup.add('guest', () => {
      guest.close();
      guest.closeAllConnections();
    });
    const capsule = new DistantCapsule(guest, relay, cleanup);
    await cleanup.add('capsule', () => capsule.pause());
    await capsule.#startEdge(folder, mostAtOnce);
    return capsule;
  }

  /** `host:port` of the edge. */
  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The name of the port "in the capsule". */
  get host(): string {
    return `${portOf(this.guest)}-${capsuleId}.localhost:${this.#port}`;
  }

  /** A connection to the edge. */
  connect(): Socket {
    return connect(this.#port, '127.0.0.1');
  }

  /** Takes it off its host. */
  pause(): void {
    this.relay.passages.get(capsuleId)?.drop();
    this.relay.passages.delete(capsuleId);
    this.facts = { ...this.facts, status: 'paused' };
  }

  resume(): void {
    this.relay.passages.set(capsuleId, new Passage(capsuleId, '127.0.0.1', undefined));
    this.facts = { ...this.facts, status: 'running' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.release();
  }

  async #startEdge(folder: string, mostAtOnce: number): Promise<void> {
    const cleanup = this.#cleanup;
    const catalog = new Catalog({ socketPath: join(folder, 'no-agent'), kind: 'edge', log });
    await cleanup.add('catalog', () => catalog[Symbol.dispose]());
    const relays = new Relays(folder);
    await cleanup.add('relays', () => relays[Symbol.dispose]());
    const facts = new FactsCache(async () => {
      await this.beforeFacts();
      return this.facts;
    }, log);
    const controlPlane = { wake: () => this.#wake() };
    const edge = new Edge({
      facts,
      reach: new Reach({ catalog, relays, controlPlane, facts, log }),
      front: new Front(apiUrl),
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
    this.#port = portOf(server);
  }

  async #wake(): Promise<CapsuleFacts> {
    this.wakes += 1;
    await this.beforeWake();
    this.resume();
    return this.facts;
  }
}

function portOf(server: Pick<Server, 'address'>): number {
  return (server.address() as AddressInfo).port;
}
