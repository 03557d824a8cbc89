import type { FastifyReply } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { exec } from './exec.ts';
import { execInBackground } from './exec-background.ts';
import { backgroundResult, execBody, execBodyBytes, execEvent, execResult } from './exec-schemas.ts';
import { execStream } from './exec-stream.ts';

const ndjson = 'application/x-ndjson';

const description = `Runs one program and answers when it has ended, with the first 8 MiB of each of its streams. A
program that fails, is killed or is not found is a 200 too: \`exit_code\` and \`outcome\` say what became of it.

With \`Accept: application/x-ndjson\` the answer is a stream of lines, each one JSON object, as the output comes and
without a cap: \`start\`, then \`stdout\` and \`stderr\` with base64 in \`data\`, and \`end\` as the last. A client that goes
away ends the command.`;

export function execRoute(app: Parameters<FastifyPluginAsyncZod>[0], context: ServerContext): void {
  app.post(
    '/:id/exec',
    {
      config: { auth: withScope('capsules:exec'), audits: 'capsule.exec' },
      bodyLimit: execBodyBytes,
      schema: {
        operationId: 'execInCapsule',
        summary: 'Run a command',
        description,
        tags: ['capsules'],
        params: capsuleIdParameters,
        body: execBody,
        response: {
          200: {
            description: 'What became of the command.',
            content: { 'application/json': { schema: execResult }, [ndjson]: { schema: execEvent } },
          },
          202: backgroundResult.describe('With `background`: the command runs.'),
          ...failures(400, 401, 404, 409, 413, 502, 503, 504),
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const gone = whenGone(reply);
      if (request.body.background) {
        return await reply.code(202).send(await execInBackground(context, caller, id, request.body, gone));
      }
      if (request.headers.accept?.includes(ndjson) !== true) {
        return await reply.send(await exec(context, caller, id, request.body, gone));
      }
      const stream = await execStream(context, caller, id, request.body, gone);
      // What a stream carries is not checked against the schema: it is sent as it is.
      return await (reply as FastifyReply).type(ndjson).send(stream);
    },
  );
}
