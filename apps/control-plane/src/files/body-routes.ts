import type { IncomingMessage } from 'node:http';
import type { CapsuleId } from '@wrenn/core';
import { dropRest } from '@wrenn/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod, ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { capsuleIdParameters, failures } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { readForm } from './form.ts';
import { path, user } from './schemas.ts';
import { download, type Place, upload } from './transfer.ts';

const octets = 'application/octet-stream';
const tar = 'application/x-tar';
/** Of the form that was once held in memory; `stream/write` has no such bound. */
const mostFormBytes = 100 * 1024 * 1024;

/** What a request for a file may ask of it, and what of its answer is told. */
const conditions = ['range', 'if-range', 'if-none-match'];
const writeConditions = ['if-match', 'if-none-match'];
const facts = ['content-length', 'content-range', 'accept-ranges', 'etag', 'last-modified'];

const reads = { auth: withScope('files:read'), audits: 'capsule.file_read' } as const;
const writes = { auth: withScope('files:write'), audits: 'capsule.file_write', body: 'stream' } as const;
const query = z.object({ path, user });
const faults = failures(400, 401, 403, 404, 409, 413, 502, 503, 504, 507);
const writeFaults = { ...faults, ...failures(412) };
const described = (operationId: string, summary: string, description?: string) => ({
  ...{ operationId, summary, tags: ['files'], params: capsuleIdParameters },
  ...(description === undefined ? {} : { description }),
});
const file = { 200: { description: 'The file.', content: { [octets]: { schema: z.any() } } } };

/** Below /v1/capsules: what files hold, in either direction, with nothing of it kept here. */
export const bodyRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const placeOf = (request: FastifyRequest, capsuleId: CapsuleId): Place => ({
      ...{ context, capsuleId },
      doer: callerOf(request),
    });

    for (const [route, operationId] of [
      ['/:id/files/read', 'readFile'],
      ['/:id/files/stream/read', 'streamFile'],
    ] as const) {
      app.post(
        route,
        {
          config: reads,
          schema: {
            ...described(
              operationId,
              'Read a file',
              'A file that is not there is a 404 before its first byte.',
            ),
            body: z.strictObject({ path, user }),
            response: { ...file, ...faults },
          },
        },
        async (request, reply) => {
          const answer = await download(placeOf(request, request.params.id), request.body, whenGone(reply));
          return await sendFile(reply, answer, ['content-length']);
        },
      );
    }

    const content = async (
      request: FastifyRequest & {
        readonly params: { id: CapsuleId };
        readonly query: z.output<typeof query>;
      },
      reply: FastifyReply,
    ) => {
      const wanted = { ...request.query, headers: pick(request.headers, conditions) };
      return await download(placeOf(request, request.params.id), wanted, whenGone(reply));
    };

    app.get(
      '/:id/files/content',
      {
        config: reads,
        exposeHeadRoute: false,
        schema: {
          ...described(
            'getFile',
            'Read a file',
            'Knows `Range` and `If-None-Match`. `HEAD` answers the same without the file.',
          ),
          querystring: query,
          response: { ...file, ...faults },
        },
      },
      async (request, reply) => await sendFile(reply, await content(request, reply), facts),
    );

    app.head(
      '/:id/files/content',
      {
        config: reads,
        schema: { hide: true, params: capsuleIdParameters, querystring: query },
      },
      async (request, reply) => {
        const answer = await content(request, reply);
        // What it holds stays where it is.
        answer.destroy();
        void reply.headers(pick(answer.headers, facts));
        return await reply
          .code(answer.statusCode ?? 200)
          .type(octets)
          .send();
      },
    );

    app.get(
      '/:id/files/archive',
      {
        config: reads,
        // Its size is known when all of it is packed.
        exposeHeadRoute: false,
        schema: {
          ...described(
            'getFolder',
            'Read a folder as tar',
            'Packed by the tar in the capsule. One that cannot be read in full breaks off.',
          ),
          querystring: query,
          response: {
            200: { description: 'The folder.', content: { [tar]: { schema: z.any() } } },
            ...faults,
          },
        },
      },
      async (request, reply) => {
        const wanted = { ...request.query, what: 'archive' as const };
        const answer = await download(placeOf(request, request.params.id), wanted, whenGone(reply));
        return await sendFile(reply, answer, [], tar);
      },
    );

    await app.register(async (scope) => {
      const uploads = scope.withTypeProvider<ZodTypeProvider>();
      uploads.removeAllContentTypeParsers();
      // The body is read where it goes, and is not an object before.
      uploads.addContentTypeParser('*', (_request, _payload, done) => done(null, {}));

      uploads.addHook('onResponse', async ({ raw }) => dropRest(raw));

      uploads.put(
        '/:id/files/content',
        {
          config: writes,
          bodyLimit: Number.MAX_SAFE_INTEGER,
          schema: {
            ...described(
              'putFile',
              'Write a file',
              'Its old content is there until the last byte of the new has come. Knows `If-Match` and `If-None-Match`, where `*` is any file: 412 when something else is there. The answer has the `ETag` of what was written.',
            ),
            querystring: query,
            response: { 204: z.null(), ...writeFaults },
          },
        },
        async (request, reply) => {
          const { raw } = request;
          const headers = pick(raw.headers, writeConditions);
          const sent = { ...request.query, length: raw.headers['content-length'], body: raw, headers };
          const answer = await upload(placeOf(request, request.params.id), sent, whenGone(reply));
          return await reply
            .code(204)
            .headers(pick(answer.headers, ['etag']))
            .send(null);
        },
      );

      uploads.put(
        '/:id/files/archive',
        {
          config: writes,
          bodyLimit: Number.MAX_SAFE_INTEGER,
          schema: {
            ...described(
              'putFolder',
              'Unpack a tar into a folder',
              'Unpacked by the tar in the capsule, as the user; the folder is made if it is not there. What was unpacked of an archive that breaks off stays.',
            ),
            querystring: query,
            response: { 204: z.null(), ...faults },
          },
        },
        async (request, reply) => {
          const { raw } = request;
          const length = raw.headers['content-length'];
          const sent = { ...request.query, what: 'archive' as const, length, body: raw };
          await upload(placeOf(request, request.params.id), sent, whenGone(reply));
          return await reply.code(204).send(null);
        },
      );

      for (const [route, operationId, mostBytes] of [
        ['/:id/files/write', 'writeFile', mostFormBytes],
        ['/:id/files/stream/write', 'streamWriteFile', Number.MAX_SAFE_INTEGER],
      ] as const) {
        uploads.post(
          route,
          {
            config: writes,
            bodyLimit: Number.MAX_SAFE_INTEGER,
            schema: {
              ...described(
                operationId,
                'Write a file by a form',
                'The part `path`, and `user` if any, come before `file`.',
              ),
              response: { 204: z.null(), ...faults },
            },
          },
          async (request, reply) => {
            const form = await readForm(request.raw, mostBytes);
            const sent = { path: form.path, user: form.user, length: undefined, body: form.file };
            await upload(placeOf(request, request.params.id), sent, whenGone(reply));
            return await reply.code(204).send(null);
          },
        );
      }
    });
  };

async function sendFile(
  reply: FastifyReply,
  answer: IncomingMessage,
  kept: readonly string[],
  type: string = octets,
): Promise<unknown> {
  void reply.headers(pick(answer.headers, kept));
  // Fastify breaks the connection when the stream does: a file that is not whole must not look so.
  return await reply
    .code(answer.statusCode ?? 200)
    .type(type)
    .send(answer);
}

function pick(headers: IncomingMessage['headers'], names: readonly string[]): Record<string, string> {
  const entries = names.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(entries);
}
