import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type CapsuleId, deadline, describeError, parseId, WrennError } from '@wrenn/core';
import {
  type Catalog,
  type Client,
  expectFaults,
  ForwardFault,
  forward,
  type Passage,
  type Passing,
  Places,
  readHead,
  relayedAnswer,
  relayedHeaders,
  tellTaken,
  tunnel,
  whileThere,
} from '@wrenn/forward';
import { answerRaw, dropRest, type Logger, outcomeOf } from '@wrenn/service';
import { countRelayed, type RelayOutcome } from '../metrics/metrics.ts';
import { moveBody } from './bodies.ts';
import { refusalOf } from './refusal.ts';

/** Names in the certificates of those who may call: edges for ports, the control plane for bodies of files too. */
const callers = { edge: 'wrenn-edge', controlPlane: 'wrenn-cp' } as const;

const portPath = /^\/proxy\/([^/?]{1,60})\/(\d{1,5})(\/.*)$/;
const bodyPath = /^\/guest\/([^/?]{1,60})(\/(?:files|archive)(?:\?.*)?)$/;

/** More at once for one capsule are turned away, those among them that wait for it to go on. */
const mostAtOnce = 2_000;
/** A capsule that stands still for longer than this is not waited for. */
const stillMs = 30_000;

/** What a host's relay does with a request: its own agent's process knows nothing of the bytes that pass here. */
export class Relay {
  readonly #catalog: Catalog;
  readonly #log: Logger;
  readonly #places: Places<CapsuleId>;

  constructor(catalog: Catalog, log: Logger, places = new Places<CapsuleId>(mostAtOnce)) {
    this.#catalog = catalog;
    this.#log = log;
    this.#places = places;
  }

  async request(request: IncomingMessage, response: ServerResponse): Promise<void> {
    expectFaults(request, response);
    using held = new DisposableStack();
    try {
      const body = bodyOf(request);
      if (body !== undefined) {
        const passage = (signal: AbortSignal) => this.#open(body.id, held, signal);
        await moveBody({ path: body.path, passage }, request, response, this.#log);
        countRelayed('body', outcomeOfAnswer(response));
        return;
      }
      const passing = await this.#passing(request, response, held, undefined);
      if (passing.body !== 'none') tellTaken(response);
      await forward(request, response, passing);
      countRelayed('port', 'ok');
    } catch (thrown) {
      countRelayed('port', outcomeOfFault(thrown));
      if (response.destroyed) return;
      const { status, headers, text } = this.#refusal(thrown);
      response.writeHead(status, headers).end(text);
      dropRest(request);
    }
  }

  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    using held = new DisposableStack();
    try {
      const passing = await this.#passing(request, socket, held, request.headers.upgrade);
      await tunnel({ request, socket, head }, passing);
      countRelayed('port', 'ok');
    } catch (thrown) {
      countRelayed('port', outcomeOfFault(thrown));
      if (socket.destroyed) return;
      const { status, headers, text } = this.#refusal(thrown);
      answerRaw(socket, status, headers, text);
    }
  }

  /** `held` keeps the request's place among those of the capsule. */
  async #passing(
    request: IncomingMessage,
    client: Client,
    held: DisposableStack,
    upgrade: string | undefined,
  ): Promise<Passing> {
    requireCaller(request, [callers.edge, callers.controlPlane]);
    const { path: target, body } = readHead(request);
    const match = portPath.exec(target);
    const [, id = '', port = '', path = ''] = match ?? [];
    if (match === null || Number(port) < 1 || Number(port) > 65_535)
      throw new WrennError('invalid_request', 'the path is not /proxy/CAPSULE/PORT/…', { field: 'path' });
    const passage = await whileThere(client, async (gone) => {
      using limit = deadline(stillMs, 'waiting for a capsule that stands still', gone);
      return await this.#open(id, held, limit);
    });
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
  async #open(text: string, held: DisposableStack, signal: AbortSignal): Promise<Passage> {
    const id = parseId('capsule', text);
    const place = this.#places.take(id);
    if (place === undefined)
      throw new WrennError('rate_limited', 'the capsule has too many requests under way');
    held.use(place);
    // A relay that has just begun knows of none.
    while (!this.#catalog.isComplete) await this.#catalog.change(signal);
    const passage = this.#catalog.passage(id);
    if (passage === undefined || !(passage.isOpen || (await passage.ready(signal))))
      throw new ForwardFault('absent');
    return passage;
  }

  #refusal(thrown: unknown) {
    const refusal = refusalOf(thrown);
    if (refusal.error?.code === 'internal_error')
      this.#log.error({ cause: describeError(thrown) }, refusal.error.message);
    return refusal;
  }
}

function outcomeOfFault(thrown: unknown): RelayOutcome {
  return thrown instanceof ForwardFault ? 'not_reached' : outcomeOf(thrown);
}

function outcomeOfAnswer({ statusCode, writableEnded }: ServerResponse): RelayOutcome {
  if (!writableEnded) return 'broken';
  if (statusCode < 400) return 'ok';
  return statusCode < 500 ? 'refused' : 'failed';
}

/** What of a file's body is asked for; undefined for a request that is for a port. */
function bodyOf(request: IncomingMessage): { readonly id: string; readonly path: string } | undefined {
  const match = bodyPath.exec(request.url ?? '');
  if (match === null) return undefined;
  requireCaller(request, [callers.controlPlane]);
  const [, id = '', path = ''] = match;
  return { id, path };
}

/** TLS has let in whoever has a certificate of this installation; hosts have one too. */
function requireCaller({ socket }: IncomingMessage, names: readonly string[]): void {
  const name = socket instanceof TLSSocket ? socket.getPeerCertificate().subject?.CN : undefined;
  if (!names.some((each) => each === name))
    throw new WrennError('forbidden', 'the certificate is not of one who may call here');
}
