import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { userOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { acceptInvitation } from './accept-invitation.ts';
import { listInvitations } from './invitations.ts';
import { inviteToTeam, takeInvitationBack } from './invite.ts';
import { membershipIn } from './membership.ts';
import { offerOf } from './own-invitation.ts';
import {
  invitationBody,
  invitationParameters,
  inviteBody,
  offerBody,
  presentInvitation,
  presentOffer,
  presentTeam,
  teamBody,
  teamParameters,
  tokenBody,
} from './schemas.ts';

const common = { config: { auth: 'session' } } as const;
const tags = ['teams'];

/** Below /v1/teams. */
export function invitationRoutes(app: Parameters<FastifyPluginAsyncZod>[0], context: ServerContext): void {
  app.post(
    '/:id/invitations',
    {
      ...common,
      schema: {
        operationId: 'inviteToTeam',
        summary: 'Invite somebody to a team by mail',
        description:
          'For owners and admins. Good for 7 days and once; inviting an address again voids the mail before. The answer does not tell whether the address has an account.',
        tags,
        params: teamParameters,
        body: inviteBody,
        response: { 201: invitationBody, ...failures(400, 401, 403, 429) },
      },
    },
    async (request, reply) => {
      const { id: teamId } = request.params;
      const invitation = await inviteToTeam(context, { user: userOf(request), teamId, ...request.body });
      return await reply.code(201).send(presentInvitation(invitation));
    },
  );

  app.get(
    '/:id/invitations',
    {
      ...common,
      schema: {
        operationId: 'listInvitations',
        summary: 'List invitations that were not accepted yet',
        description: 'For owners and admins. Newest first, without those that are too old.',
        tags,
        params: teamParameters,
        response: { 200: z.array(invitationBody), ...failures(400, 401, 403) },
      },
    },
    async (request) => {
      const { id } = request.params;
      await membershipIn(context.database, userOf(request).userId, id, 'admin');
      return (await listInvitations(context.database, id)).map(presentInvitation);
    },
  );

  app.delete(
    '/:id/invitations/:invitation',
    {
      ...common,
      schema: {
        operationId: 'takeInvitationBack',
        summary: 'Take an invitation back',
        description: 'For owners and admins.',
        tags,
        params: invitationParameters,
        response: { 204: z.null(), ...failures(400, 401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { id: teamId, invitation } = request.params;
      await takeInvitationBack(context, { user: userOf(request), teamId }, invitation);
      return await reply.code(204).send(null);
    },
  );
}

export const acceptRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.post(
      '/read',
      {
        ...common,
        schema: {
          operationId: 'readInvitation',
          summary: 'Read what a team invites you to, before you accept',
          description: 'The account must have the address that the invitation was sent to.',
          tags,
          body: tokenBody,
          response: { 200: offerBody, ...failures(400, 401, 403, 429) },
        },
      },
      async (request) => presentOffer(await offerOf(context, userOf(request), request.body.token)),
    );

    app.post(
      '/accept',
      {
        ...common,
        schema: {
          operationId: 'acceptInvitation',
          summary: 'Become a member of a team that has invited you',
          description: 'The account must have the address that the invitation was sent to.',
          tags,
          body: tokenBody,
          response: { 200: teamBody, ...failures(400, 401, 403, 429) },
        },
      },
      async (request) => presentTeam(await acceptInvitation(context, userOf(request), request.body.token)),
    );
  };
