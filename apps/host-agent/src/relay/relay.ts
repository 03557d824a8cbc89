import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { describeError, parseId, WrennError } from '@wrenn/core';
import {
  type Catalog,
  expectFaults,
  ForwardFault,
  forward,
  type Passage,
  type Passing,
  readHead,
  relayedAnswer,
  relayedHeaders,
  relayHeader,
  tunnel,
} from '@wrenn/forward';
import { answerRaw, dropRest, type Logger } from '@wrenn/service';
import { type BodyRequest, moveBody } from './bodies.ts';

/** Names in the certificates of those who may call: edges for ports, the control plane for bodies of files too. */
const callers = { edge: 'wrenn-edge', controlPlane: 'wrenn-cp' } as const;

const portPath = /^\/proxy\/([^/?]{1,60})\/(\d{1,5})(\/.*)$/;
const bodyPath = /^\/guest\/([^/?]{1,60})(\/(?:files|archive)(?:\?.*)?)$/;

/** More at once for one capsule are turned away. */
const mostExchanges = 2_000;
/** A capsule that stands still for longer than this is not waited for. */
const stillMs = 30_000;

/** What a host's relay does with a request: its own agent's process knows nothing of the bytes that pass here. */
export class Relay {
  readonly #catalog: Catalog;
  readonly #log: Logger;

  constructor(catalog: Catalog, log: Logger) {
    this.#catalog = catalog;
    this.#log = log;
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    expectFaults(request, response);
    try {
      const body = this.#bodyRequest(request);
      if (body !== undefined) {
        await moveBody(body, request, response, this.#log);
        return;
      }
      await forward(request, response, await this.#passing(request, undefined));
    } catch (thrown) {
      if (response.destroyed) return;
      const { status, headers, text } = this.#refusal(thrown);
      response.writeHead(status, headers).end(text);
      dropRest(request);
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      await tunnel({ request, socket, head }, await this.#passing(request, request.headers.upgrade));
    } catch (thrown) {
      if (socket.destroyed) return;
      const { status, headers, text } = this.#refusal(thrown);
      answerRaw(socket, status, headers, text);
    }
  }

  /** Undefined for a request that is for a port. */
  #bodyRequest(request: IncomingMessage): BodyRequest | undefined {
    const match = bodyPath.exec(request.url ?? '');
    if (match === null) return undefined;
    requireCaller(request, [callers.controlPlane]);
    const [, id = '', path = ''] = match;
    return { path, passage: (signal) => this.#open(id, signal) };
  }

  async #passing(request: IncomingMessage, upgrade: string | undefined): Promise<Passing> {
    requireCaller(request, [callers.edge, callers.controlPlane]);
    const { path: target, body } = readHead(request);
    const match = portPath.exec(target);
    const [, id = '', port = '', path = ''] = match ?? [];
    if (match === null || Number(port) < 1 || Number(port) > 65_535)
      throw new WrennError('invalid_request', 'the path is not /proxy/CAPSULE/PORT/…', { field: 'path' });
    const passage = await this.#open(id, AbortSignal.timeout(stillMs));
    return {
      destination: passage.to(Number(port)),
      body,
      path,
      headers: relayedHeaders(request.rawHeaders, { body }, upgrade),
      answerHeaders: relayedAnswer,
      exchanges: passage.exchanges,
    };
  }

  /** The way into a capsule, once it does not stand still. */
  async #open(text: string, signal: AbortSignal): Promise<Passage> {
    const passage = this.#catalog.passage(parseId('capsule', text));
    if (passage === undefined || !(passage.isOpen || (await passage.ready(signal))))
      throw new ForwardFault('absent');
    if (passage.exchanges.count >= mostExchanges)
      throw new WrennError('rate_limited', 'the capsule has too many requests under way');
    return passage;
  }

  #refusal(thrown: unknown) {
    if (thrown instanceof ForwardFault) {
      return { status: 502, headers: { [relayHeader]: thrown.kind }, text: '' };
    }
    const error = WrennError.from(thrown, 'relaying a request');
    if (error.code === 'internal_error') this.#log.error({ cause: describeError(thrown) }, error.message);
    const status = statusOf(error);
    return {
      status,
      headers: { 'content-type': 'application/json', connection: 'close' },
      text: JSON.stringify({ error }),
    };
  }
}

function statusOf({ code }: WrennError): number {
  if (code === 'invalid_request') return 400;
  return code === 'forbidden' ? 403 : 503;
}

/** TLS has let in whoever has a certificate of this installation; hosts have one too. */
function requireCaller({ socket }: IncomingMessage, names: readonly string[]): void {
  const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined;
  if (!names.some((each) => each === name))
    throw new WrennError('forbidden', 'the certificate is not of one who may call here');
}
