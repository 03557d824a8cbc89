import {
  answerHeaders,
  type IncomingRequest,
  type Passing,
  type RequestHead,
  relayFaultIn,
  requestHeaders,
  soleAccessProtocol,
  type Told,
  withoutAccess,
} from '@wrenn/forward';
import type { Target } from './addressing/target.ts';
import type { Reached } from './capsules/reached.ts';
import type { EdgeConfig } from './config.ts';

/** How the edge stands in the world. */
export type Outside = Pick<EdgeConfig, 'hostHeader' | 'forwarded'>;

/** How this request is passed on to a capsule that was reached; `upgrade` is what it is to become, if anything. */
export function passingOf(
  request: IncomingRequest,
  head: RequestHead,
  target: Target,
  reached: Reached,
  outside: Outside,
  upgrade: string | undefined,
): Passing {
  const told = toldOf(request, head, target, outside);
  const destination = reached.to(target.port);
  const isOwn = (authority: string) =>
    authority === head.host.toLowerCase() ||
    authority === told.host ||
    isPort(authority, reached.address, target.port) ||
    isPort(authority, 'localhost', target.port) ||
    isPort(authority, '127.0.0.1', target.port);
  return {
    destination,
    body: head.body,
    path: withoutAccess(target.path),
    headers: requestHeaders(request.rawHeaders, head, { to: 'guest', told, upgrade }),
    answerHeaders: (rawHeaders) => answerHeaders(rawHeaders, { pathPrefix: target.pathPrefix, isOwn }),
    subprotocol: soleAccessProtocol(request.headers['sec-websocket-protocol']),
    ...(destination.hop === 'relay' ? { faultIn: relayFaultIn } : {}),
    exchanges: reached.exchanges,
  };
}

/** What whoever gets the request is told of the client. */
export function toldOf(
  request: IncomingRequest,
  { host }: RequestHead,
  { port, pathPrefix }: Pick<Target, 'port' | 'pathPrefix'>,
  { hostHeader, forwarded }: Outside,
): Told {
  const client = request.socket.remoteAddress ?? '';
  const before = forwarded === 'trust' ? single(request.headers['x-forwarded-for']) : undefined;
  return {
    host: hostHeader === 'local' || host === '' ? `localhost:${port}` : host,
    clientAddress: before === undefined ? client : `${before}, ${client}`,
    forwardedHost: host,
    forwardedProto: protocolSaid(request, forwarded),
    forwardedPrefix: pathPrefix,
  };
}

/** What the client speaks, with the load balancer that is trusted if there is one. */
export function protocolOf(
  request: IncomingRequest,
  { forwarded }: Pick<Outside, 'forwarded'>,
): 'http' | 'https' {
  if (forwarded !== 'trust') return isSecure(request) ? 'https' : 'http';
  // Each balancer on the way adds its own behind those before it.
  const [first = ''] = protocolSaid(request, forwarded).split(',', 1);
  return first.trim().toLowerCase() === 'https' ? 'https' : 'http';
}

function protocolSaid(request: IncomingRequest, forwarded: Outside['forwarded']): string {
  const said = forwarded === 'trust' ? single(request.headers['x-forwarded-proto']) : undefined;
  return said ?? (isSecure(request) ? 'https' : 'http');
}

function isSecure({ socket }: IncomingRequest): boolean {
  return 'encrypted' in socket;
}

function isPort(authority: string, host: string, port: number): boolean {
  return authority === `${host}:${port}` || (port === 80 && authority === host);
}

function single(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
