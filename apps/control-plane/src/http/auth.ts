import { isSame, WrennError } from '@wrenn/core';
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify';
import { authenticate, unauthorized } from '../access/authenticate.ts';
import { callerOn } from '../access/caller.ts';
import { presentedCredential } from '../access/credential.ts';
import { type Caller, callerFrom, mayUse, type Principal, type UserPrincipal } from '../access/principal.ts';
import { hasRole, type RouteAuth, type TeamAuth } from '../access/route-auth.ts';
import type { AuditActionName } from '../audit/actions.ts';
import { auditAccess } from '../audit/audit-access.ts';
import type { ServerContext } from '../server-context.ts';
import { renewSessionCookie } from '../users/session-cookie.ts';
import { cutOffWhenLost } from './cut-off.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    auth?: RouteAuth;
    /** What the audit log says of each request to this capsule, in teams that want it. */
    audits?: AuditActionName;
    /** Goes on for as long as the client wants, if it is allowed so long. */
    lasts?: boolean;
    /** `stream`: as large, and as slow, as it comes. */
    body?: 'stream';
  }
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

/** Asks who it is before the body is read. A route that says nothing of `auth` keeps the server from starting. */
export function addAuthentication(app: FastifyInstance, context: ServerContext): void {
  app.decorateRequest('principal', undefined);
  app.addHook('onRoute', requireStatement);
  app.addHook('onRequest', async (request, reply) => {
    const { auth } = request.routeOptions.config;
    // Unknown paths have no configuration and need no credential: they answer 404.
    if (request.is404 || auth === 'none' || auth === undefined) return;
    const credential = presentedCredential(request.raw, context.config);
    if (auth === 'edge') {
      if (credential === undefined || !isSame(credential.text, context.secrets.edge.reveal()))
        throw unauthorized('this is for edges of the installation');
      return;
    }
    if (credential === undefined) throw unauthorized('no API key was given, and no session');
    const principal = await authenticate(context, credential.text);
    allow(principal, auth);
    request.principal = principal;
    if (credential.from === 'cookie' && principal.kind === 'user') {
      await renewSessionCookie(context, reply, { principal, token: credential.text, now: new Date() });
    }
    const { audits, lasts } = request.routeOptions.config;
    if (auth === 'session' || auth === 'admin' || (audits ?? lasts) === undefined) return;
    const caller = callerOn(principal, auth);
    if (audits !== undefined) await auditAccess(context, caller, audits, capsuleIn(request));
    cutOffWhenLost(context, reply, { principal, credential: credential.text, auth, caller });
  });
}

/** Throws where this kind of route is not for this principal. */
export function allow(principal: Principal, auth: Exclude<RouteAuth, 'none' | 'edge'>): void {
  if (typeof auth === 'object') allowInTeam(principal, auth);
  else allowUser(principal, auth);
}

function allowUser(principal: Principal, auth: 'session' | 'admin' | 'platform'): void {
  if (principal.kind !== 'user') {
    throw new WrennError('forbidden', 'an API key cannot do this', { remedy: 'sign in' });
  }
  if (auth !== 'session' && !principal.isAdmin) {
    throw new WrennError('forbidden', 'this is for administrators of the platform');
  }
}

function allowInTeam(principal: Principal, { scope, role }: TeamAuth): void {
  if (principal.kind === 'api_key') {
    if (scope === undefined)
      throw new WrennError('forbidden', 'an API key cannot do this', { remedy: 'sign in' });
    if (mayUse(principal, scope)) return;
    throw new WrennError('forbidden', `the API key has not the scope ${scope}`, {
      remedy: `make a key with the scope ${scope}`,
    });
  }
  if (!hasRole(callerRole(principal), role)) {
    throw new WrennError('forbidden', `this takes the role ${role} in the team`);
  }
}

function callerRole(principal: UserPrincipal) {
  // Throws `no_team` where there is none.
  callerFrom(principal);
  return principal.team?.role ?? 'member';
}

/** In which team's name, and by whom, on a route of a team. */
export function callerOf(request: FastifyRequest): Caller {
  if (request.principal === undefined) throw unauthorized('no API key was given, and no session');
  return callerOn(request.principal, request.routeOptions.config.auth);
}

/** Who is signed in, on a route for users. */
export function userOf(request: FastifyRequest): UserPrincipal {
  if (request.principal?.kind !== 'user') throw unauthorized('nobody is signed in');
  return request.principal;
}

function capsuleIn({ params }: FastifyRequest): string {
  return String(Reflect.get(Object(params), 'id') ?? '');
}

function requireStatement(route: RouteOptions): void {
  if (route.config?.auth === undefined) {
    throw new TypeError(`the route ${String(route.method)} ${route.url} does not state who may call it`);
  }
}
