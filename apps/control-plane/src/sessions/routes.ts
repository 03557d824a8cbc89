import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { useCapsule } from '../capsules/use.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { selectorFrom } from './selector.ts';

const processBody = z
  .object({
    pid: z.int(),
    tag: z.string().optional(),
    cmd: z.string(),
    args: z.array(z.string()).optional(),
  })
  .meta({ id: 'Process' });

const selectorParameters = capsuleIdParameters.extend({
  selector: z.string().min(1).max(128).describe('A process ID, or the tag that it was started with.'),
});

const signalQuery = z.object({ signal: z.enum(['SIGKILL', 'SIGTERM']).default('SIGKILL') });

const common = { config: { auth: withScope('capsules:exec'), audits: 'capsule.process' } } as const;
const tags = ['processes'];

/** Below /v1/capsules. */
export const processRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    app.get(
      '/:id/processes',
      {
        ...common,
        schema: {
          operationId: 'listProcesses',
          summary: 'List the processes that were started through the API',
          tags,
          params: capsuleIdParameters,
          response: {
            200: z.object({ processes: z.array(processBody) }),
            ...failures(400, 401, 404, 409, 502, 503, 504),
          },
        },
      },
      async (request, reply) => {
        const gone = whenGone(reply);
        const { id } = request.params;
        const { processes } = await useCapsule(context, callerOf(request), id, gone, (agent) =>
          agent.listProcesses(id, gone),
        );
        return {
          processes: processes.map(({ pid, tag, cmd, args }) => ({
            ...{ pid, cmd },
            ...(tag === '' ? {} : { tag }),
            ...(args.length === 0 ? {} : { args }),
          })),
        };
      },
    );

    app.delete(
      '/:id/processes/:selector',
      {
        ...common,
        schema: {
          operationId: 'signalProcess',
          summary: 'End a process',
          description: 'Signals the process alone. Succeeds once: a process that does not run is a 404.',
          tags,
          params: selectorParameters,
          querystring: signalQuery,
          response: { 204: z.null(), ...failures(400, 401, 404, 409, 502, 503, 504) },
        },
      },
      async (request, reply) => {
        const gone = whenGone(reply);
        const { id, selector } = request.params;
        const wanted = { sandboxId: id, process: selectorFrom(selector), signal: request.query.signal };
        await useCapsule(context, callerOf(request), id, gone, (agent) => agent.killProcess(wanted, gone));
        return await reply.code(204).send(null);
      },
    );
  };
