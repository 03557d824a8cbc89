import { type CapsuleId, WrennError } from '@wrenn/core';
import type { FileEntry } from '@wrenn/protocol/hostagent';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { useCapsule } from '../capsules/use.ts';
import type { HostAgent } from '../hosts/agent.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { entryBody, path, presentEntry, user } from './schemas.ts';

const reads = { config: { auth: withScope('files:read'), audits: 'capsule.file_read' } } as const;
const writes = { config: { auth: withScope('files:write'), audits: 'capsule.file_write' } } as const;
const faults = failures(400, 401, 403, 404, 409, 502, 503, 504);
const described = (operationId: string, summary: string, description?: string) => ({
  ...{ operationId, summary, tags: ['files'], params: capsuleIdParameters },
  ...(description === undefined ? {} : { description }),
});

/** Below /v1/capsules: what is done to paths, each as a user of the capsule. */
export const pathRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    /** What the capsule's agent answers to the request. */
    const asked = async <Body extends object, Answer>(
      request: FastifyRequest & { readonly params: { readonly id: CapsuleId }; readonly body: Body },
      reply: Pick<FastifyReply, 'raw'>,
      ask: (agent: HostAgent, wanted: Body & { sandboxId: CapsuleId }, gone: AbortSignal) => Promise<Answer>,
    ): Promise<Answer> => {
      const gone = whenGone(reply);
      const { id } = request.params;
      const wanted = { sandboxId: id, ...request.body };
      return await useCapsule(context, callerOf(request), id, gone, (agent) => ask(agent, wanted, gone));
    };

    app.post(
      '/:id/files/list',
      {
        ...reads,
        schema: {
          ...described('listFiles', 'List a folder', '50,000 entries at the most.'),
          body: z.strictObject({ path, user, depth: z.int().min(0).max(64).default(1) }),
          response: { 200: z.object({ entries: z.array(entryBody) }), ...faults },
        },
      },
      async (request, reply) => {
        const { entries } = await asked(request, reply, (agent, wanted, gone) => agent.listDir(wanted, gone));
        return { entries: entries.map(presentEntry) };
      },
    );

    app.post(
      '/:id/files/mkdir',
      {
        ...writes,
        schema: {
          ...described(
            'makeFolder',
            'Make a folder',
            'With those above it. One that is there already is a 409.',
          ),
          body: z.strictObject({ path, user }),
          response: { 200: z.object({ entry: entryBody }), ...faults },
        },
      },
      async (request, reply) =>
        shown(await asked(request, reply, (agent, wanted, gone) => agent.makeDir(wanted, gone))),
    );

    app.post(
      '/:id/files/stat',
      {
        ...reads,
        schema: {
          ...described('statFile', 'Look at a path'),
          body: z.strictObject({ path, user }),
          response: { 200: z.object({ entry: entryBody }), ...faults },
        },
      },
      async (request, reply) =>
        shown(await asked(request, reply, (agent, wanted, gone) => agent.statPath(wanted, gone))),
    );

    app.post(
      '/:id/files/move',
      {
        ...writes,
        schema: {
          ...described(
            'moveFile',
            'Move or rename',
            'Makes the folders above the destination, and replaces a file there.',
          ),
          body: z.strictObject({ source: path, destination: path, user }),
          response: { 200: z.object({ entry: entryBody }), ...faults },
        },
      },
      async (request, reply) =>
        shown(await asked(request, reply, (agent, wanted, gone) => agent.movePath(wanted, gone))),
    );

    app.post(
      '/:id/files/remove',
      {
        ...writes,
        schema: {
          ...described('removeFile', 'Remove a path', 'A folder with all that is in it.'),
          body: z.strictObject({ path, user }),
          response: { 204: z.null(), ...faults },
        },
      },
      async (request, reply) => {
        await asked(request, reply, (agent, wanted, gone) => agent.removePath(wanted, gone));
        return await reply.code(204).send(null);
      },
    );
  };

function shown({ entry }: { readonly entry?: FileEntry | undefined }) {
  if (entry !== undefined) return { entry: presentEntry(entry) };
  throw new WrennError('agent_error', 'the agent did not say what it made');
}
