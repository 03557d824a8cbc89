import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Principal } from '../access/principal.ts';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures } from '../http/schemas.ts';
import type { ServerContext } from '../server-context.ts';
import { audienceOf, platformAudience } from './audience.ts';
import { LiveClient } from './client.ts';
import { PerUser } from './per-user.ts';

/** For the end of the stream to reach the client. */
const lastWordsMs = 1_000;

/** What changes of what pages show, told as it happens. Below /v1/admin it is what administrators see. */
export const liveRoutes =
  ({ live }: Pick<ServerContext, 'live'>): FastifyPluginAsyncZod =>
  async (app) => {
    const perUser = new PerUser();
    // Before the server waits for requests to end: these would not.
    app.addHook('preClose', async () => live.close());

    app.get(
      '',
      {
        config: { auth: withScope('capsules:read'), lasts: true },
        schema: {
          operationId: 'followChanges',
          summary: 'Follow what changes',
          description:
            'Server-sent events. `open` comes first, then one of the kind of what changed (`capsule`, `operation`, `template`, `build`, `team`, `member`, `invitation`, `key`, `channel`, `host`), with `action`, `id` and, for a capsule, the capsule as the list has it. Nothing is told twice: after `open` and `resync`, load what is shown. See docs/live.md.',
          tags: ['live'],
          response: {
            200: { description: 'Events.', content: { 'text/event-stream': { schema: z.any() } } },
            ...failures(401, 403, 429),
          },
        },
      },
      async (request, reply) => {
        const { teamId } = callerOf(request);
        const { principal } = request;
        if (principal === undefined) throw new TypeError('a request of nobody');
        const leave = perUser.enter(nameOf(principal));
        const isForPlatform = request.routeOptions.config.auth === 'platform';
        const client = new LiveClient(isForPlatform ? platformAudience : audienceOf(principal, teamId));
        client.once('close', leave);
        // Also where it went away before there was an answer, or does not read what there is.
        reply.raw.once('close', () => client.destroy());
        client.once('close', () => {
          if (!client.readableEnded) reply.raw.destroy();
        });
        client.once('end', () => setTimeout(() => reply.raw.destroy(), lastWordsMs).unref());
        live.add(client, { team: teamId }, request.headers['last-event-id'] === undefined ? 'new' : 'back');
        return await reply
          .type('text/event-stream')
          .header('cache-control', 'no-store')
          .header('x-accel-buffering', 'no')
          .send(client);
      },
    );
  };

function nameOf(principal: Principal): string {
  return principal.kind === 'user' ? principal.userId : principal.keyId;
}
