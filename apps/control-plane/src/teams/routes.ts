import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { actorOf } from '../access/principal.ts';
import { userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { leaveTeam, transferTeam } from './change-members.ts';
import { changeTeam } from './change-team.ts';
import { createOwnTeam } from './create.ts';
import { deleteTeam } from './delete-team.ts';
import { invitationRoutes } from './invitation-routes.ts';
import { memberRoutes } from './member-routes.ts';
import { listMembers } from './members.ts';
import { listMemberships, lockMembership, membershipIn } from './membership.ts';
import {
  changeTeamBody,
  createTeamBody,
  presentMember,
  presentTeam,
  teamBody,
  teamParameters,
  teamWithMembersBody,
  transferBody,
} from './schemas.ts';

const common = { config: { auth: 'session' } } as const;
const tags = ['teams'];

/** The team of the path decides, whichever one the session acts for. */
export const teamRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const described = (operationId: string, summary: string, description?: string) => ({
      ...{ operationId, summary, tags },
      ...(description === undefined ? {} : { description }),
    });

    app.post(
      '',
      {
        ...common,
        schema: {
          ...described('createTeam', 'Make a team', 'Its maker is its owner.'),
          body: createTeamBody,
          response: { 201: teamBody, ...failures(400, 401, 403, 429) },
        },
      },
      async (request, reply) => {
        const team = await createOwnTeam(context, userOf(request), request.body.name);
        return await reply.code(201).send(presentTeam(team));
      },
    );

    app.get(
      '',
      {
        ...common,
        schema: {
          ...described('listTeams', 'List your teams'),
          response: { 200: z.array(teamBody), ...failures(401, 403) },
        },
      },
      async (request) => (await listMemberships(context.database, userOf(request).userId)).map(presentTeam),
    );

    app.get(
      '/:id',
      {
        ...common,
        schema: {
          ...described('getTeam', 'Get a team with its members'),
          params: teamParameters,
          response: { 200: teamWithMembersBody, ...failures(400, 401, 403) },
        },
      },
      async (request) => {
        const { id } = request.params;
        const team = await membershipIn(context.database, userOf(request).userId, id);
        const members = await listMembers(context.database, id);
        return { team: presentTeam(team), members: members.map(presentMember) };
      },
    );

    app.patch(
      '/:id',
      {
        ...common,
        schema: {
          ...described('changeTeam', 'Rename a team, or change its settings', 'For owners and admins.'),
          params: teamParameters,
          body: changeTeamBody,
          response: { 204: z.null(), ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        const { name, audits_access: auditsAccess } = request.body;
        await changeTeam(context, userOf(request), request.params.id, { name, auditsAccess });
        return await reply.code(204).send(null);
      },
    );

    app.delete(
      '/:id',
      {
        ...common,
        schema: {
          ...described(
            'deleteTeam',
            'Delete a team',
            'For its owner. Its capsules are destroyed; its snapshots, keys and channels are gone.',
          ),
          params: teamParameters,
          response: { 204: z.null(), ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        const user = userOf(request);
        const { id: teamId } = request.params;
        await deleteTeam(context, { teamId, actor: actorOf(user) }, async (transaction) => {
          await lockMembership(transaction, user.userId, teamId, 'owner');
        });
        return await reply.code(204).send(null);
      },
    );

    app.post(
      '/:id/transfer',
      {
        ...common,
        schema: {
          ...described(
            'transferTeam',
            'Make another member the owner',
            'For its owner, who stays as an admin.',
          ),
          params: teamParameters,
          body: transferBody,
          response: { 204: z.null(), ...failures(400, 401, 403, 404) },
        },
      },
      async (request, reply) => {
        const { id: teamId } = request.params;
        await transferTeam(context, { user: userOf(request), teamId, memberId: request.body.user_id });
        return await reply.code(204).send(null);
      },
    );

    app.post(
      '/:id/leave',
      {
        ...common,
        schema: {
          ...described('leaveTeam', 'Leave a team', 'For everybody but its owner.'),
          params: teamParameters,
          body: z.strictObject({}),
          response: { 204: z.null(), ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        await leaveTeam(context, userOf(request), request.params.id);
        return await reply.code(204).send(null);
      },
    );

    memberRoutes(app, context);
    invitationRoutes(app, context);
  };
