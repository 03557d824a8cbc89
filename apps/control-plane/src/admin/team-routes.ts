import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { actorOf } from '../access/principal.ts';
import { userOf } from '../http/auth.ts';
import { failures, idText } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { deleteTeam } from '../teams/delete-team.ts';
import { findLiveTeam } from './find-team.ts';
import { listTeams, teamPageBody } from './list-teams.ts';
import { pageQuery } from './pages.ts';
import { onPlatform } from './platform.ts';
import { refuseTurningOff, setByoc } from './set-byoc.ts';

const common = { config: { auth: 'admin' } } as const;
const tags = ['administration'];
const parameters = z.object({ id: idText('team') });
const byocBody = z.strictObject({ enabled: z.boolean().describe('It cannot be turned off.') });

export const adminTeamRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '',
      {
        ...common,
        schema: {
          operationId: 'adminListTeams',
          summary: 'List all teams',
          description: 'Newest first, also those that are deleted.',
          tags,
          querystring: pageQuery('the name, the slug, or the name or address of the owner'),
          response: { 200: teamPageBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => await listTeams(context.database, request.query),
    );

    app.put(
      '/:id/byoc',
      {
        ...common,
        schema: {
          operationId: 'adminSetByoc',
          summary: 'Run the capsules of a team on hosts of its own',
          tags,
          params: parameters,
          body: byocBody,
          response: { 204: z.null(), ...failures(400, 401, 403, 404) },
        },
      },
      async (request, reply) => {
        if (!request.body.enabled) refuseTurningOff();
        await setByoc(context, userOf(request), request.params.id);
        return await reply.code(204).send(null);
      },
    );

    app.delete(
      '/:id',
      {
        ...common,
        schema: {
          operationId: 'adminDeleteTeam',
          summary: 'Delete a team',
          description: 'Its capsules are destroyed; its snapshots, keys and channels are gone.',
          tags,
          params: parameters,
          response: { 204: z.null(), ...failures(400, 401, 403, 404) },
        },
      },
      async (request, reply) => {
        const { id: teamId } = request.params;
        const actor = actorOf(userOf(request));
        const alsoRecord = [onPlatform(actor, { what: 'team.delete', resourceId: teamId })];
        await deleteTeam(context, { teamId, actor, alsoRecord }, async (transaction) => {
          await findLiveTeam(transaction, teamId);
        });
        return await reply.code(204).send(null);
      },
    );
  };
