import type { IncomingMessage } from 'node:http';
import swagger from '@fastify/swagger';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { platformRoutes } from '../admin/platform-routes.ts';
import { adminTeamRoutes } from '../admin/team-routes.ts';
import { adminTemplateRoutes } from '../admin/template-routes.ts';
import { adminUserRoutes } from '../admin/user-routes.ts';
import { adminAuditRoutes } from '../audit/admin-routes.ts';
import { auditRoutes } from '../audit/routes.ts';
import { buildRoutes } from '../builds/routes.ts';
import { capsuleRoutes } from '../capsules/routes.ts';
import { channelRoutes } from '../channels/routes.ts';
import { dashboardRoutes } from '../dashboard/routes.ts';
import type { Extension } from '../extension.ts';
import { bodyRoutes } from '../files/body-routes.ts';
import { pathRoutes } from '../files/path-routes.ts';
import { healthRoutes } from '../health/routes.ts';
import { jobRoutes } from '../jobs/routes.ts';
import { keyRoutes } from '../keys/routes.ts';
import { liveRoutes } from '../live/routes.ts';
import { oauthRoutes } from '../oauth/routes.ts';
import { edgeRoutes } from '../ports/edge-routes.ts';
import { portRoutes } from '../ports/routes.ts';
import type { ServerContext } from '../server-context.ts';
import { processRoutes } from '../sessions/routes.ts';
import { snapshotRoutes } from '../snapshots/routes.ts';
import { addSockets } from '../sockets/add-sockets.ts';
import type { Upgrades } from '../sockets/upgrades.ts';
import { acceptRoutes } from '../teams/invitation-routes.ts';
import { teamRoutes } from '../teams/routes.ts';
import { userSearchRoutes } from '../teams/search-routes.ts';
import { templateNameRoutes } from '../templates/name-routes.ts';
import { templateRoutes } from '../templates/routes.ts';
import { usageRoutes } from '../usage/routes.ts';
import { authRoutes } from '../users/auth-routes.ts';
import { meRoutes } from '../users/me-routes.ts';
import { resetRoutes } from '../users/reset-routes.ts';
import { sessionRoutes } from '../users/session-routes.ts';
import { canonicalUrl } from './aliases.ts';
import { addAuthentication } from './auth.ts';
import { documentationRoutes } from './documentation-routes.ts';
import { addErrorHandling } from './errors.ts';
import { addGracefulClose } from './graceful-close.ts';
import { openapiOptions } from './openapi.ts';
import { requestId } from './request-id.ts';

/** A client that takes longer to send its headers is cut off, and so is one that dawdles over its body. */
const headersMs = 10_000;
const requestMs = 300_000;
/** Longer than load balancers keep idle connections, so that it is never us who closes under a request. */
const idleMs = 620_000;
const bodyBytes = 1024 * 1024;

/** The HTTP interface with all its routes; listens when told to. */
export async function buildApp(
  context: ServerContext,
  extensions: readonly Extension[],
  upgrades: Upgrades,
): Promise<FastifyInstance> {
  const { trustedProxies } = context.config;
  const app = fastify({
    loggerInstance: context.log as FastifyBaseLogger,
    genReqId: requestId,
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request' }),
    rewriteUrl: (request) => canonicalUrl(request.url ?? '/'),
    bodyLimit: bodyBytes,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    keepAliveTimeout: idleMs,
    // Bodies of files take as long as they take; those of all other requests are bounded below.
    requestTimeout: 0,
    http: {
      headersTimeout: headersMs,
      connectionsCheckingInterval: 2_000,
      // All others are requests like any other, whatever they wish to become.
      shouldUpgradeCallback: (request: IncomingMessage) => upgrades.isSocket(request),
    },
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  acceptEmptyBodies(app);
  addErrorHandling(app);
  addRequestLog(app);
  addGracefulClose(app);
  boundBodies(app);
  addAuthentication(app, context);
  addSockets(app, upgrades);
  await app.register(swagger, openapiOptions(context.version));
  for (const extension of extensions) await extension.middleware?.(app, context);

  await app.register(documentationRoutes);
  await app.register(healthRoutes(context));
  await app.register(capsuleRoutes(context), { prefix: '/v1/capsules' });
  await app.register(processRoutes(context), { prefix: '/v1/capsules' });
  await app.register(pathRoutes(context), { prefix: '/v1/capsules' });
  await app.register(bodyRoutes(context), { prefix: '/v1/capsules' });
  await app.register(portRoutes(context), { prefix: '/v1/capsules' });
  await app.register(usageRoutes(context), { prefix: '/v1/capsules' });
  await app.register(edgeRoutes(context), { prefix: '/internal/edge' });
  await app.register(keyRoutes(context), { prefix: '/v1/api-keys' });
  await app.register(teamRoutes(context), { prefix: '/v1/teams' });
  await app.register(acceptRoutes(context), { prefix: '/v1/invitations' });
  await app.register(userSearchRoutes(context), { prefix: '/v1/users' });
  await app.register(authRoutes(context), { prefix: '/v1/auth' });
  await app.register(resetRoutes(context), { prefix: '/v1/me/password/reset' });
  await app.register(meRoutes(context), { prefix: '/v1/me' });
  await app.register(sessionRoutes(context), { prefix: '/v1/me/sessions' });
  await app.register(oauthRoutes(context));
  await app.register(adminTeamRoutes(context), { prefix: '/v1/admin/teams' });
  await app.register(adminUserRoutes(context), { prefix: '/v1/admin/users' });
  await app.register(adminTemplateRoutes(context), { prefix: '/v1/admin/templates' });
  await app.register(platformRoutes(context), { prefix: '/v1/admin' });
  await app.register(channelRoutes(context), { prefix: '/v1/channels' });
  await app.register(jobRoutes(context), { prefix: '/v1/jobs' });
  await app.register(liveRoutes(context), { prefix: '/v1/live' });
  await app.register(auditRoutes(context), { prefix: '/v1/audit-logs' });
  await app.register(adminAuditRoutes(context), { prefix: '/v1/admin/audit-logs' });
  await app.register(snapshotRoutes(context), { prefix: '/v1/snapshots' });
  await app.register(buildRoutes(context), { prefix: '/v1/builds' });
  await app.register(templateRoutes(context), { prefix: '/v1/templates' });
  await app.register(templateNameRoutes(context), { prefix: '/v1/templates' });
  await app.register(dashboardRoutes(context));
  for (const { routes } of extensions) {
    if (routes !== undefined) await app.register(async (scope) => await routes(scope, context));
  }
  await app.ready();
  return app;
}

/** Cuts off a client that dawdles over the body of a request, but where that may be large. */
function boundBodies(app: FastifyInstance): void {
  const late = new WeakMap<FastifyRequest, NodeJS.Timeout>();
  app.addHook('onRequest', async (request) => {
    if (request.routeOptions.config.body === 'stream') return;
    late.set(
      request,
      setTimeout(() => request.raw.destroy(), requestMs),
    );
  });
  const settle = (request: FastifyRequest) => clearTimeout(late.get(request));
  app.addHook('preValidation', async (request) => settle(request));
  app.addHook('onResponse', async (request) => settle(request));
  app.addHook('onRequestAbort', async (request) => settle(request));
}

/** No body at all, or one of no bytes (as clients send on DELETE), is an object without fields. */
function acceptEmptyBodies(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, String(body), done);
  });
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined) request.body = {};
  });
}

function addRequestLog(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    void reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        path: request.url.split('?', 1)[0],
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 10) / 10,
        team: request.principal?.team?.id,
        user: request.principal?.kind === 'user' ? request.principal.userId : undefined,
      },
      'request',
    );
  });
}
