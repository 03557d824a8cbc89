import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type CapsuleId, parseId } from '@wrenn/core';
import {
  expectFaults,
  ForwardFault,
  forward,
  type Passage,
  type Passing,
  readHead,
  relayedAnswer,
  relayedHeaders,
  relayHeader,
  tellTaken,
  tunnel,
} from '@wrenn/forward';
import { answerRaw } from '@wrenn/service';

interface Refusing {
  readonly status: number;
  readonly tag: string;
}

/** A host's relay as an edge meets it: with mutual TLS, and what it says by tags and by `102`. */
export class FakeRelay implements AsyncDisposable {
  /** The capsules that "run on its host". */
  readonly passages = new Map<CapsuleId, Passage>();
  /** Which capsules each connection was asked for. */
  readonly connections = new Map<Duplex, Set<string>>();
  refusing: Refusing | undefined;
  beforeUpgrade: () => Promise<void> = async () => {};
  readonly #server: Server;

  private constructor(pki: string) {
    const read = (name: string) => readFileSync(join(pki, name));
    this.#server = createServer(
      { ca: read('ca.crt'), cert: read('host.crt'), key: read('host.key'), requestCert: true },
      (request, response) => void this.#request(request, response),
    );
    this.#server.on('checkContinue', (request, response) => void this.#request(request, response));
    this.#server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#server.on('secureConnection', (socket) => this.connections.set(socket, new Set()));
  }

  static async open(pki: string): Promise<FakeRelay> {
    const relay = new FakeRelay(pki);
    await once(relay.#server.listen(0, '127.0.0.1'), 'listening');
    return relay;
  }

  /** `host:port` */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    expectFaults(request, response);
    try {
      const passing = this.#passing(request, undefined);
      if (passing.body !== 'none') tellTaken(response);
      await forward(request, response, passing);
    } catch (thrown) {
      const { status, tag } = this.#refusal(thrown);
      response.writeHead(status, { [relayHeader]: tag }).end("the relay's own words");
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    try {
      const passing = this.#passing(request, request.headers.upgrade);
      await this.beforeUpgrade();
      await tunnel({ request, socket, head }, passing);
    } catch (thrown) {
      const { status, tag } = this.#refusal(thrown);
      answerRaw(socket, status, { [relayHeader]: tag }, "the relay's own words");
    }
  }

  #passing(request: IncomingMessage, upgrade: string | undefined): Passing {
    const { path: target, body } = readHead(request);
    const [, , text = '', port, ...rest] = target.split('/');
    this.connections.get(request.socket)?.add(text);
    const passage = this.passages.get(parseId('capsule', text));
    if (this.refusing !== undefined || passage === undefined) throw new ForwardFault('absent');
    return {
      destination: passage.to(Number(port)),
      body,
      path: `/${rest.join('/')}`,
      headers: relayedHeaders(request.rawHeaders, { body }, upgrade),
      answerHeaders: relayedAnswer,
      exchanges: passage.exchanges,
    };
  }

  #refusal(thrown: unknown): Refusing {
    if (!(thrown instanceof ForwardFault)) throw thrown;
    return this.refusing ?? { status: 502, tag: thrown.kind };
  }
}
