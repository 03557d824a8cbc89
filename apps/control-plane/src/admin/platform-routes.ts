import type { RouteOptions } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { buildRoutes } from '../builds/routes.ts';
import { capsuleRoutes } from '../capsules/routes.ts';
import { bodyRoutes } from '../files/body-routes.ts';
import { pathRoutes } from '../files/path-routes.ts';
import { jobRoutes } from '../jobs/routes.ts';
import { liveRoutes } from '../live/routes.ts';
import { portRoutes } from '../ports/routes.ts';
import type { ServerContext } from '../server-context.ts';
import { processRoutes } from '../sessions/routes.ts';
import { templateNameRoutes } from '../templates/name-routes.ts';
import { usageRoutes } from '../usage/routes.ts';
import { platformSnapshotRoute } from './snapshot-route.ts';

/**
 * The capsules of the platform: the routes of teams' capsules once more, below another path, where administrators act in
 * the name of the platform's team.
 */
export const platformRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.addHook('onRoute', actForPlatform);
    for (const routes of [capsuleRoutes, processRoutes, pathRoutes, bodyRoutes, portRoutes, usageRoutes]) {
      await app.register(routes(context), { prefix: '/capsules' });
    }
    await app.register(platformSnapshotRoute(context), { prefix: '/capsules' });
    await app.register(jobRoutes(context), { prefix: '/jobs' });
    await app.register(buildRoutes(context), { prefix: '/builds' });
    await app.register(liveRoutes(context), { prefix: '/live' });
    await app.register(templateNameRoutes(context), { prefix: '/templates' });
  };

function actForPlatform(route: RouteOptions): void {
  if (typeof route.config?.auth !== 'object') return;
  route.config = { ...route.config, auth: 'platform' };
  const { operationId, ...schema } = route.schema ?? {};
  route.schema = {
    ...schema,
    ...(operationId === undefined ? {} : { operationId: forPlatform(operationId) }),
    tags: ['capsules of the platform'],
  };
}

/** `platformListCapsules` for `listCapsules`: each operation has a name of its own. */
function forPlatform(operationId: string): string {
  return `platform${operationId.slice(0, 1).toUpperCase()}${operationId.slice(1)}`;
}
