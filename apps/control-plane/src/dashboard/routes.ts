import { access, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import fastifyStatic from '@fastify/static';
import { WrennError } from '@wrenn/core';
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import type { ControlPlaneConfig } from '../config.ts';
import { pageHeaders } from './headers.ts';

/** Names in there are of what is in the file: it never changes. */
const unchanging = '_app/immutable/';
const page = 'index.html';
const anyone = { config: { auth: 'none' }, schema: { hide: true } } as const;

/** Paths of the pages; everything else that is unknown is a fault of the API, in its form. */
const pages = [
  '/',
  '/login',
  '/activate',
  '/forgot-password',
  '/reset-password',
  '/invitation',
  '/auth/:provider/callback',
  '/dashboard',
  '/dashboard/*',
  '/admin',
  '/admin/*',
];

/** The dashboard: files that were built beforehand, and one page for every address of it. */
export const dashboardRoutes =
  ({
    config,
  }: {
    readonly config: Pick<ControlPlaneConfig, 'dashboardDirectory' | 'publicUrl'>;
  }): FastifyPluginAsync =>
  async (app) => {
    const root = config.dashboardDirectory;
    if (root === '') return;
    const files = await builtFiles(root);
    app.addHook('onRequest', async (_request, reply) => {
      void reply.headers(pageHeaders(config));
    });
    await app.register(fastifyStatic, { root, serve: false, preCompressed: true, cacheControl: false });
    // Only what was built is served: nothing is looked for by a path that somebody sends.
    for (const file of files) app.get(`/${file}`, anyone, (_request, reply) => send(reply, file));
    for (const path of pages) app.get(path, anyone, (_request, reply) => send(reply, page));
  };

function send(reply: FastifyReply, file: string): FastifyReply {
  const isUnchanging = file.startsWith(unchanging);
  void reply.header('cache-control', isUnchanging ? 'public, max-age=31536000, immutable' : 'no-cache');
  return reply.sendFile(file);
}

/** Their paths below `root`, without those that are other forms of one. */
async function builtFiles(root: string): Promise<string[]> {
  try {
    await access(join(root, page));
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile() && !/^\.|\.(?:gz|br)$/.test(entry.name));
    return files.map((entry) => relative(root, join(entry.parentPath, entry.name)));
  } catch (cause) {
    throw new WrennError('missing_prerequisite', `there is no built dashboard in ${root}`, {
      cause,
      remedy: 'run `node apps/dashboard/build/main.ts`, or unset WRENN_DASHBOARD_DIR',
    });
  }
}
