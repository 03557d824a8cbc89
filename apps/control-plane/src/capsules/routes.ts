import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { idempotencyHeaders, idempotencyKeyOf } from '../jobs/idempotency.ts';
import type { ServerContext } from '../server-context.ts';
import { checkpointRoute } from './checkpoint-route.ts';
import { createFor } from './create-job.ts';
import { destroyCapsule } from './destroy.ts';
import { execRoute } from './exec-route.ts';
import { forkRoute } from './fork-route.ts';
import { listRoutes } from './list-routes.ts';
import { metricsRoute } from './metrics-route.ts';
import { present } from './present.ts';
import { capsuleBody, createBody, createdBody } from './schemas.ts';
import { stateRoutes } from './state-routes.ts';
import { findCapsule } from './store.ts';

const reads = { config: { auth: withScope('capsules:read') } } as const;
const writes = { config: { auth: withScope('capsules:write') } } as const;
const tags = ['capsules'];

export const capsuleRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '',
      {
        ...writes,
        schema: {
          operationId: 'createCapsule',
          summary: 'Make a capsule',
          description: 'Answers when commands can be run. It goes on when the client disconnects.',
          tags,
          headers: idempotencyHeaders,
          body: createBody,
          response: { 201: createdBody, ...failures(400, 401, 404, 409, 502, 503, 504, 507) },
        },
      },
      async (request, reply) => {
        const key = idempotencyKeyOf(request.headers);
        const created = await createFor(context, callerOf(request), request.body, key);
        return await reply.code(201).send(created);
      },
    );

    app.get(
      '/:id',
      {
        ...reads,
        schema: {
          operationId: 'getCapsule',
          summary: 'Get a capsule',
          tags,
          params: capsuleIdParameters,
          response: { 200: capsuleBody, ...failures(400, 401, 404) },
        },
      },
      async (request) =>
        present(await findCapsule(context.database, callerOf(request).teamId, request.params.id)),
    );

    app.delete(
      '/:id',
      {
        ...writes,
        schema: {
          operationId: 'destroyCapsule',
          summary: 'End a capsule for good',
          description: 'Succeeds for a capsule that is stopped already.',
          tags,
          params: capsuleIdParameters,
          response: { 204: z.null(), ...failures(400, 401, 404, 502, 503, 504) },
        },
      },
      async (request, reply) => {
        const caller = callerOf(request);
        await context.operations.run(() => destroyCapsule(context, caller, request.params.id));
        return await reply.code(204).send(null);
      },
    );

    metricsRoute(app, context);
    listRoutes(app, context);
    stateRoutes(app, context);
    execRoute(app, context);
    forkRoute(app, context);
    checkpointRoute(app, context);
  };
