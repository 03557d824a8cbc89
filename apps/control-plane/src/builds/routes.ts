import { Readable } from 'node:stream';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { withScope } from '../access/route-auth.ts';
import { callerOf } from '../http/auth.ts';
import { failures, idText } from '../http/schemas.ts';
import { whenGone } from '../http/when-gone.ts';
import type { ServerContext } from '../server-context.ts';
import { dropArchive, keepArchive } from './archives.ts';
import { followLog } from './log/follow-log.ts';
import { readSteps } from './log/read-log.ts';
import { serverSentEvent } from './log/server-sent.ts';
import { presentBuild } from './present.ts';
import { parseSubmission, readSubmissionForm } from './read-submission.ts';
import { buildBody } from './schemas.ts';
import { findBuild, listBuilds } from './store.ts';
import { cancelBuild, submitBuild } from './submit.ts';

const reads = { config: { auth: withScope('snapshots:read') } } as const;
const writes = { config: { auth: withScope('snapshots:write') } } as const;
const described = (operationId: string, summary: string, description?: string) => ({
  ...{ operationId, summary, tags: ['builds'] },
  ...(description === undefined ? {} : { description }),
});
const params = z.object({ id: idText('build').describe('`bld-` and 25 characters.') });
const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  after: idText('build').optional().describe('The last build of the page before.'),
});
const logQuery = z.object({
  after: z.coerce.number().int().min(0).optional().describe('The last entry that was seen.'),
});

export const buildRoutes =
  (context: ServerContext): FastifyPluginAsyncZod =>
  async (app) => {
    const { database } = context;

    await app.register(async (submissions) => {
      // Read by hand, since an archive goes to the database as it comes.
      submissions.addContentTypeParser('multipart/form-data', (_request, _payload, done) => done(null));
      submissions.post(
        '',
        {
          config: { ...writes.config, body: 'stream' },
          schema: {
            ...described(
              'createBuild',
              'Build a template',
              'JSON, or a form with the JSON in `config` and then files to copy in `archive`: tar, tar.gz or zip. It goes on when the client disconnects.',
            ),
            response: { 201: buildBody, ...failures(400, 401, 403, 409, 413, 429) },
          },
        },
        async (request, reply) => {
          const caller = callerOf(request);
          const isForm = /^multipart\/form-data/i.test(request.headers['content-type'] ?? '');
          const { submission, archive } = isForm
            ? await readSubmissionForm(request.raw, {
                keep: (body) => keepArchive(database, caller.teamId, body),
                drop: (id) => dropArchive(database, id),
              })
            : { submission: parseSubmission(request.body), archive: undefined };
          try {
            const build = await submitBuild(context, caller, submission, archive);
            return await reply.code(201).send(presentBuild(build));
          } catch (thrown) {
            if (archive !== undefined) await dropArchive(database, archive);
            throw thrown;
          }
        },
      );
    });

    app.get(
      '',
      {
        ...reads,
        schema: {
          ...described('listBuilds', 'List builds', 'Newest first.'),
          querystring: listQuery,
          response: { 200: z.array(buildBody), ...failures(400, 401) },
        },
      },
      async (request) => {
        const { limit, after } = request.query;
        const builds = await listBuilds(database, callerOf(request).teamId, { limit, after });
        return builds.map((build) => presentBuild(build));
      },
    );

    app.get(
      '/:id',
      {
        ...reads,
        schema: {
          ...described(
            'getBuild',
            'Get a build',
            'With its log by steps, of which each ends with what it wrote last.',
          ),
          params,
          response: { 200: buildBody, ...failures(400, 401, 404) },
        },
      },
      async (request) => {
        const build = await findBuild(database, callerOf(request).teamId, request.params.id);
        return presentBuild(build, await readSteps(database, build.id));
      },
    );

    app.get(
      '/:id/logs',
      {
        ...reads,
        schema: {
          ...described(
            'followBuild',
            'Follow the log of a build',
            'Server-sent events, from the beginning or after the entry that `Last-Event-ID` or `after` names, until the build is over: `begin`, `stdout`, `stderr`, `note` and `end` of each step, and `over` with the build.',
          ),
          params,
          querystring: logQuery,
          response: {
            200: { description: 'Events.', content: { 'text/event-stream': { schema: z.any() } } },
            ...failures(400, 401, 404),
          },
        },
      },
      async (request, reply) => {
        const { teamId } = callerOf(request);
        const { id } = await findBuild(database, teamId, request.params.id);
        const seen = Number(request.headers['last-event-id'] ?? Number.NaN);
        const after = request.query.after ?? (Number.isSafeInteger(seen) && seen > 0 ? seen : 0);
        const events = followLog(database, { teamId, id, after }, whenGone(reply));
        const lines = async function* () {
          for await (const event of events) yield serverSentEvent(event);
        };
        return await reply
          .type('text/event-stream')
          .header('cache-control', 'no-store')
          .send(Readable.from(lines(), { objectMode: false }));
      },
    );

    app.post(
      '/:id/cancel',
      {
        ...writes,
        schema: {
          ...described(
            'cancelBuild',
            'Cancel a build',
            'Its capsule goes; the steps that were done are kept for the next.',
          ),
          params,
          response: { 204: z.null(), ...failures(400, 401, 404, 409) },
        },
      },
      async (request, reply) => {
        await cancelBuild(context, callerOf(request), request.params.id);
        return await reply.code(204).send(null);
      },
    );
  };
