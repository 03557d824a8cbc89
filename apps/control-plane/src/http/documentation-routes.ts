import type { FastifyPluginAsync } from 'fastify';
import { documentationHeaders, renderDocumentation } from './documentation-page.ts';

/** The OpenAPI document, and the same for people. Both are rendered once, since routes do not change. */
export const documentationRoutes: FastifyPluginAsync = async (app) => {
  let page: string | undefined;
  app.get('/openapi.json', { config: { auth: 'none' }, schema: { hide: true } }, async () => app.swagger());
  app.get('/docs', { config: { auth: 'none' }, schema: { hide: true } }, async (_request, reply) => {
    page ??= renderDocumentation(app.swagger());
    return await reply.headers(documentationHeaders).send(page);
  });
};
