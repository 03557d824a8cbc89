import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { asMember } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import {
  changeChannel,
  configureChannel,
  createChannel,
  removeChannel,
  repeatDelivery,
  testChannel,
} from './change.ts';
import { listDeliveries } from './deliveries.ts';
import { presentChannel, presentConfigured, presentDelivery } from './present.ts';
import {
  changeChannelBody,
  channelBody,
  channelParameters,
  channelWithSecretBody,
  configBody,
  createChannelBody,
  deliveriesQuery,
  deliveryBody,
  deliveryParameters,
  testChannelBody,
} from './schemas.ts';
import { channelGuard } from './send-guarded.ts';
import { findChannel, listChannels } from './store.ts';

const reads = { config: { auth: asMember('member') } } as const;
const writes = { config: { auth: asMember('admin') } } as const;
const described = (operationId: string, summary: string, description?: string) => ({
  ...{ operationId, summary, tags: ['channels'] },
  ...(description === undefined ? {} : { description }),
});

export const channelRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const { database, secrets, config } = context;
    const guard = channelGuard(config);

    app.post(
      '',
      {
        ...writes,
        schema: {
          ...described(
            'createChannel',
            'Be told what happens',
            'Each event is sent until the receiver takes it.',
          ),
          body: createChannelBody,
          response: { 201: channelWithSecretBody, ...failures(400, 401, 403, 409) },
        },
      },
      async (request, reply) => {
        const made = await createChannel({ context, caller: callerOf(request) }, request.body);
        return await reply.code(201).send(presentConfigured(made));
      },
    );

    app.get(
      '',
      {
        ...reads,
        schema: {
          ...described('listChannels', 'List channels'),
          response: { 200: z.array(channelBody), ...failures(401, 403) },
        },
      },
      async (request) =>
        (await listChannels(database, secrets.sealing, callerOf(request).teamId)).map(presentChannel),
    );

    app.post(
      '/test',
      {
        ...writes,
        schema: {
          ...described('testChannel', 'Send a test message', 'Of a configuration that need not be kept.'),
          body: testChannelBody,
          response: { 200: z.object({ status: z.literal('ok') }), ...failures(400, 401, 403, 429) },
        },
      },
      async (request, reply) => {
        await testChannel({ context, caller: callerOf(request) }, guard, request.body, whenGone(reply));
        return { status: 'ok' as const };
      },
    );

    app.get(
      '/:id',
      {
        ...reads,
        schema: {
          ...described('getChannel', 'Get a channel'),
          params: channelParameters,
          response: { 200: channelBody, ...failures(400, 401, 403, 404) },
        },
      },
      async (request) =>
        presentChannel(
          await findChannel(database, secrets.sealing, callerOf(request).teamId, request.params.id),
        ),
    );

    app.patch(
      '/:id',
      {
        ...writes,
        schema: {
          ...described('changeChannel', 'Change the name and the events of a channel'),
          params: channelParameters,
          body: changeChannelBody,
          response: { 200: channelBody, ...failures(400, 401, 403, 404, 409) },
        },
      },
      async (request) =>
        presentChannel(
          await changeChannel({ context, caller: callerOf(request) }, request.params.id, request.body),
        ),
    );

    app.put(
      '/:id/config',
      {
        ...writes,
        schema: {
          ...described('configureChannel', 'Replace the configuration of a channel'),
          params: channelParameters,
          body: configBody,
          response: { 200: channelWithSecretBody, ...failures(400, 401, 403, 404) },
        },
      },
      async (request) => {
        const caller = callerOf(request);
        const channel = await findChannel(database, secrets.sealing, caller.teamId, request.params.id);
        return presentConfigured(await configureChannel({ context, caller }, channel, request.body.config));
      },
    );

    app.delete(
      '/:id',
      {
        ...writes,
        schema: {
          ...described('deleteChannel', 'Delete a channel', 'Succeeds for one that is not there.'),
          params: channelParameters,
          response: { 204: z.null(), ...failures(400, 401, 403) },
        },
      },
      async (request, reply) => {
        await removeChannel({ context, caller: callerOf(request) }, request.params.id);
        return await reply.code(204).send(null);
      },
    );

    app.get(
      '/:id/deliveries',
      {
        ...reads,
        schema: {
          ...described('listDeliveries', 'What was sent', 'Newest first; kept for 30 days.'),
          params: channelParameters,
          querystring: deliveriesQuery,
          response: { 200: z.array(deliveryBody), ...failures(400, 401, 403, 404) },
        },
      },
      async (request) => {
        const { teamId } = callerOf(request);
        const { id: channelId } = request.params;
        await findChannel(database, secrets.sealing, teamId, channelId);
        const { limit, before } = request.query;
        return (await listDeliveries(database, { teamId, channelId }, { limit, before })).map(
          presentDelivery,
        );
      },
    );

    app.post(
      '/:id/deliveries/:delivery/redeliver',
      {
        ...writes,
        schema: {
          ...described('redeliver', 'Send an event once more'),
          params: deliveryParameters,
          response: { 202: deliveryBody, ...failures(400, 401, 403, 404) },
        },
      },
      async (request, reply) => {
        const { id, delivery } = request.params;
        const made = await repeatDelivery({ context, caller: callerOf(request) }, id, delivery);
        return await reply.code(202).send(presentDelivery(made));
      },
    );
  };
