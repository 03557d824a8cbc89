import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { WrennError } from '@wrenn/core';
import { type AccessControl, tokenHeader } from '../access/access-control.ts';
import { replyFault } from './reply.ts';

export interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** `open` and `host` routes see to their access themselves; every other needs the access token. */
  readonly access: 'open' | 'host' | 'token';
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
    if (candidates === undefined) {
      if (rpcPath.test(path)) return rpc(request, response);
      throw new WrennError('not_found', `there is no ${path}`);
    }
    const route = candidates.find((candidate) => candidate.method === request.method);
    if (route === undefined) {
      response.setHeader('allow', candidates.map((candidate) => candidate.method).join(', '));
      throw new WrennError('invalid_request', `${path} does not answer ${request.method}`);
    }
    if (route.access === 'token') access.requireToken(headerOf(request, tokenHeader));
    await route.handle(request, response);
  };
  return (request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      // Node reads and drops what is left of a body after the answer. One that did not come in time never ends.
      const isLate = thrown instanceof WrennError && thrown.code === 'deadline_exceeded';
      if (isLate) response.once('finish', () => request.destroy());
      replyFault(response, thrown);
    });
  };
}

/** A header's value when it was sent once; of several, none is the one that counts. */
export function headerOf(request: IncomingMessage, name: string): string | undefined {
  const values = request.headersDistinct[name];
  return values?.length === 1 ? values[0] : undefined;
}
