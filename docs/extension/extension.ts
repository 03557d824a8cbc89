import { setTimeout } from 'node:timers/promises';
import {
  asMember,
  callerOf,
  type Extension,
  failures,
  type Mail,
  userOf,
  withScope,
} from '@wrenn/control-plane';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';

/** A note that a team leaves for itself: a route that reads, one that writes, a worker and a hook for all routes. */
export function notes(intervalMs: number): Extension {
  const kept = new Map<string, string>();
  return {
    name: 'notes',

    middleware: (app) => {
      app.addHook('onSend', async (_request, reply) => void reply.header('x-notes', String(kept.size)));
    },

    routes: (app, context) => {
      const typed = app.withTypeProvider<ZodTypeProvider>();

      typed.get(
        '/v1/notes',
        {
          config: { auth: withScope('capsules:read') },
          schema: { response: { 200: z.object({ text: z.string() }), ...failures(401, 403) } },
        },
        async (request) => ({ text: kept.get(callerOf(request).teamId) ?? '' }),
      );

      typed.put(
        '/v1/notes',
        {
          config: { auth: asMember('admin') },
          schema: {
            body: z.strictObject({ text: z.string().max(1000) }),
            response: { 204: z.null(), ...failures(400, 401, 403) },
          },
        },
        async (request, reply) => {
          const { teamId, actor } = callerOf(request);
          const { email, name } = userOf(request);
          const mail: Mail = {
            kind: 'note',
            to: email,
            name,
            subject: 'Your note was kept',
            paragraphs: [request.body.text],
            button: { text: 'Read it', url: new URL('/v1/notes', context.config.publicUrl).href },
          };
          await context.database.transaction().execute(async (transaction) => {
            await context.mailer.send(transaction, mail);
            await context.recorder.record(transaction, {
              teamId,
              actor,
              what: { resource: 'note', action: 'write', scope: 'team' },
              metadata: { length: request.body.text.length },
            });
          });
          kept.set(teamId, request.body.text);
          return await reply.code(204).send(null);
        },
      );
    },

    workers: (context) => [
      {
        name: 'notes',
        run: async (signal) => {
          while (!signal.aborted) {
            context.log.info({ notes: kept.size }, 'notes are kept');
            // Throws when the signal aborts, which is how a worker is told to end.
            await setTimeout(intervalMs, undefined, { signal });
          }
        },
      },
    ],
  };
}
