import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../http/auth.ts';
import { failures, idText } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { disableUser } from './disable-user.ts';
import { enableUser } from './enable-user.ts';
import { listUsers, userPageBody } from './list-users.ts';
import { pageQuery } from './pages.ts';
import { setAdmin } from './set-admin.ts';

const common = { config: { auth: 'admin' } } as const;
const tags = ['administration'];
const parameters = z.object({ id: idText('user') });

export const adminUserRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '',
      {
        ...common,
        schema: {
          operationId: 'adminListUsers',
          summary: 'List all accounts',
          description: 'Newest first, also those that are disabled, or deleted and can be brought back.',
          tags,
          querystring: pageQuery('the name or the address'),
          response: { 200: userPageBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => await listUsers(context.database, request.query),
    );

    app.put(
      '/:id/active',
      {
        ...common,
        schema: {
          operationId: 'adminSetActive',
          summary: 'Disable an account, or enable it again',
          description:
            'Disabling ends its sessions, revokes the keys that it made, and destroys the capsules of teams that it owns. Nobody does it to themselves.',
          tags,
          params: parameters,
          body: z.strictObject({ active: z.boolean() }),
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const set = request.body.active ? enableUser : disableUser;
        await set(context, userOf(request), request.params.id);
        return await reply.code(204).send(null);
      },
    );

    app.put(
      '/:id/admin',
      {
        ...common,
        schema: {
          operationId: 'adminSetAdmin',
          summary: 'Make somebody an administrator of the platform, or make them one no more',
          description: 'Nobody does it to themselves, so one administrator is left at each time.',
          tags,
          params: parameters,
          body: z.strictObject({ admin: z.boolean() }),
          response: { 204: z.null(), ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request, reply) => {
        const wanted = request.body.admin ? 'administrator' : 'none';
        await setAdmin(context, userOf(request), request.params.id, wanted);
        return await reply.code(204).send(null);
      },
    );
  };
