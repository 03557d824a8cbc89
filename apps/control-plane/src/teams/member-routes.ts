import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { changeRole, removeFromTeam } from './change-members.ts';
import { addToTeam } from './invite.ts';
import { listMembers } from './members.ts';
import { membershipIn } from './membership.ts';
import {
  addedBody,
  changeMemberBody,
  inviteBody,
  memberBody,
  memberParameters,
  presentMember,
  teamParameters,
} from './schemas.ts';

const common = { config: { auth: 'session' } } as const;
const tags = ['teams'];

/** Below /v1/teams. */
export function memberRoutes(app: Parameters<FastifyPluginAsyncZod>[0], context: ServerContext): void {
  app.get(
    '/:id/members',
    {
      ...common,
      schema: {
        operationId: 'listMembers',
        summary: 'List the members of a team',
        tags,
        params: teamParameters,
        response: { 200: z.array(memberBody), ...failures(400, 401, 403) },
      },
    },
    async (request) => {
      const { id } = request.params;
      await membershipIn(context.database, userOf(request).userId, id);
      return (await listMembers(context.database, id)).map(presentMember);
    },
  );

  app.post(
    '/:id/members',
    {
      ...common,
      schema: {
        operationId: 'addMember',
        summary: 'Add somebody to a team',
        description:
          'For owners and admins. Whoever has an account with the address is a member at once; whoever has none gets an invitation. The answer is the same.',
        tags,
        params: teamParameters,
        body: inviteBody,
        response: { 201: addedBody, ...failures(400, 401, 403, 429) },
      },
    },
    async (request, reply) => {
      const { id: teamId } = request.params;
      await addToTeam(context, { user: userOf(request), teamId, ...request.body });
      return await reply.code(201).send(request.body);
    },
  );

  app.patch(
    '/:id/members/:uid',
    {
      ...common,
      schema: {
        operationId: 'changeMember',
        summary: 'Change the role of a member',
        description: 'For owners and admins. It counts from the next request of the member on.',
        tags,
        params: memberParameters,
        body: changeMemberBody,
        response: { 204: z.null(), ...failures(400, 401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { id: teamId, uid: memberId } = request.params;
      await changeRole(context, { user: userOf(request), teamId, memberId }, request.body.role);
      return await reply.code(204).send(null);
    },
  );

  app.delete(
    '/:id/members/:uid',
    {
      ...common,
      schema: {
        operationId: 'removeMember',
        summary: 'Remove a member from a team',
        description: 'For owners and admins. API keys that the member made stay: they are those of the team.',
        tags,
        params: memberParameters,
        response: { 204: z.null(), ...failures(400, 401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { id: teamId, uid: memberId } = request.params;
      await removeFromTeam(context, { user: userOf(request), teamId, memberId });
      return await reply.code(204).send(null);
    },
  );
}
