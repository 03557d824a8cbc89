import type { IncomingHttpHeaders } from 'node:http';
import { isSame, WrennError } from '@wrenn/core';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { type Caller, findCaller } from '../keys/store.ts';
import type { ServerContext } from '../server-context.ts';

/**
 * Who may call a route: anyone, whoever shows an API key, in whose team's name the request is made, or an edge of this
 * installation.
 */
export type RouteAuth = 'none' | 'api_key' | 'edge';

declare module 'fastify' {
  interface FastifyContextConfig {
    auth?: RouteAuth;
    /** `stream`: as large, and as slow, as it comes. */
    body?: 'stream';
  }
  interface FastifyRequest {
    caller: Caller | undefined;
  }
}

/** Asks for the key before the body is read. A route that says nothing of `auth` keeps the server from starting. */
export function addAuthentication(app: FastifyInstance, { database, secrets }: ServerContext): void {
  app.decorateRequest('caller', undefined);
  app.addHook('onRoute', requireStatement);
  app.addHook('onRequest', async (request) => {
    // Unknown paths have no configuration and need no key: they answer 404.
    if (request.is404 || request.routeOptions.config.auth === 'none') return;
    const key = presentedKey(request.headers);
    if (request.routeOptions.config.auth === 'edge') {
      if (key === undefined || !isSame(key, secrets.edge.reveal())) throw unauthorized(key);
      return;
    }
    request.caller = key === undefined ? undefined : await findCaller(database, key);
    if (request.caller === undefined) throw unauthorized(key);
  });
}

/** Whose request it is, on a route with `auth: 'api_key'`. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.caller === undefined) throw unauthorized(undefined);
  return request.caller;
}

function requireStatement(route: RouteOptions): void {
  if (route.config?.auth === undefined) {
    throw new TypeError(`the route ${String(route.method)} ${route.url} does not state who may call it`);
  }
}

/** The key that a request shows, whatever it is worth. */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['x-api-key'];
  if (typeof key === 'string') return key;
  return /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
}

function unauthorized(key: string | undefined): WrennError {
  return new WrennError(
    'unauthorized',
    key === undefined ? 'no API key was given' : 'the API key is not valid',
    {
      remedy: 'send a valid key in the header X-API-Key',
    },
  );
}
