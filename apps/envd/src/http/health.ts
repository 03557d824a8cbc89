import { version } from '../version.ts';
import { replyJson } from './reply.ts';
import type { Route } from './router.ts';

/** Answers as soon as requests are answered at all. */
export const healthRoute: Route = {
  method: 'GET',
  path: '/health',
  access: 'open',
  handle: (_request, response) => replyJson(response, 200, { version }),
};
