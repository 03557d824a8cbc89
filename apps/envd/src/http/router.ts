import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { WrennError } from '@wrenn/core';
import { type AccessControl, tokenHeader } from '../access/access-control.ts';
import { claimOf, expiredMessage } from '../access/signature.ts';
import { allowOrigin, replyPreflight } from './cors.ts';
import { dropRest } from './drop-rest.ts';
import { replyFault, replyStatus } from './reply.ts';
import { tellTime } from './tell-time.ts';

export interface Route {
  /** A `GET` route answers HEAD too: Node sends no body then. */
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /**
   * `open` and `host` routes see to their access themselves; every other needs the access token, `signed` ones
   * instead of it a signature of the request. Pages in browsers can use all but those of the host.
   */
  readonly access: 'open' | 'host' | 'token' | 'signed';
  handle(request: IncomingMessage, response: ServerResponse): Promise<void> | void;
}

/** `/package.Service/Method`. */
const rpcPath = /^\/[a-z]+\.[A-Z][A-Za-z]+\/[A-Za-z]+$/;

/**
 * Finds the route of a request, checks its access and answers its faults. A call goes to `rpc`, which has its
 * own check, since a refusal there has another shape. Whatever a client sends, nothing is thrown.
 */
export function createRouter(
  routes: readonly Route[],
  access: AccessControl,
  rpc: RequestListener,
): RequestListener {
  const byPath = Map.groupBy(routes, (route) => route.path);
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const candidates = byPath.get(path);
    const isHostOnly = candidates?.every((candidate) => candidate.access === 'host') ?? false;
    if (!isHostOnly) allowOrigin(request, response);
    if (candidates === undefined && !rpcPath.test(path)) {
      throw new WrennError('not_found', `there is no ${path}`);
    }
    if (request.method === 'OPTIONS' && !isHostOnly) return replyPreflight(request, response);
    if (candidates === undefined) return rpc(request, response);
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    const route = candidates.find((candidate) => candidate.method === method);
    if (route === undefined) {
      response.setHeader('allow', allowedMethods(candidates));
      return replyStatus(response, 405, `${path} does not answer ${request.method}`);
    }
    const token = headerOf(request, tokenHeader);
    if (route.access === 'token') access.requireToken(token);
    if (route.access === 'signed' && access.requireTokenOrSignature(token, claimOf(request)) === 'expired') {
      return replyStatus(response, 401, expiredMessage);
    }
    await route.handle(request, response);
  };
  return (request, response) => {
    tellTime(request, response);
    answer(request, response).catch((thrown: unknown) => {
      replyFault(response, thrown);
      // One that did not come in time never ends.
      const isLate = thrown instanceof WrennError && thrown.code === 'deadline_exceeded';
      response.once('finish', () => dropRest(request, isLate ? 0 : undefined));
    });
  };
}

function allowedMethods(routes: readonly Route[]): string {
  return routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ');
}

/** A header's value when it was sent once; of several, none is the one that counts. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const values = request.headersDistinct[name];
  return values?.length === 1 ? values[0] : undefined;
}
