import { Agent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import {
  type Destination,
  Exchanges,
  type IncomingRequest,
  type Passing,
  type RequestHead,
  relayedAnswer,
  requestHeaders,
} from '@wrenn/forward';
import { type Outside, toldOf } from './passing.ts';

/** Shorter than the control plane keeps what idles. */
const idleMs = 60_000;
const apiName = /^api\./i;

/**
 * The API behind the edge's own listener, at `api.` before its name: where one name and one certificate serve all, as
 * E2B's clients expect of `E2B_DOMAIN`. Behind a load balancer it goes its own way.
 */
export class Front implements Disposable {
  readonly #destination: Destination;
  readonly #exchanges = new Exchanges();

  constructor({ protocol, hostname, port }: URL) {
    const isSecure = protocol === 'https:';
    const AgentOf = isSecure ? HttpsAgent : Agent;
    this.#destination = {
      hop: 'api',
      host: hostname.replace(/^\[|\]$/g, ''),
      port: port === '' ? (isSecure ? 443 : 80) : Number(port),
      pool: new AgentOf({ keepAlive: true, timeout: idleMs, maxFreeSockets: 64 }),
      dialer: new AgentOf({ keepAlive: false }),
      protocol: isSecure ? 'https:' : 'http:',
      pathPrefix: '',
    };
  }

  isAt(host: string): boolean {
    return apiName.test(host);
  }

  /** What edges ask for themselves is for nobody who comes by one, however the path is written. */
  keepsBack(path: string): boolean {
    return /^\/+internal(?:\/|$)/i.test(decoded(path.split('?', 1)[0] ?? ''));
  }

  passing(
    request: IncomingRequest,
    head: RequestHead,
    { forwarded }: Outside,
    upgrade: string | undefined,
  ): Passing {
    const { port } = this.#destination;
    const told = toldOf(request, head, { port, pathPrefix: '' }, { hostHeader: 'public', forwarded });
    return {
      destination: this.#destination,
      body: head.body,
      path: head.path,
      headers: requestHeaders(request.rawHeaders, head, { to: 'platform', told, upgrade }),
      answerHeaders: relayedAnswer,
      exchanges: this.#exchanges,
    };
  }

  [Symbol.dispose](): void {
    this.#exchanges.reset();
    this.#destination.pool.destroy();
    this.#destination.dialer.destroy();
  }
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch (thrown) {
    if (thrown instanceof URIError) return path;
    throw thrown;
  }
}
