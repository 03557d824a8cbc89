import { WrennError } from '@wrenn/core';
import type { FastifyReply } from 'fastify';

/** Aborts when the client closes the connection before it has the whole answer. */
export function whenGone(reply: Pick<FastifyReply, 'raw'>): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort(new WrennError('cancelled', 'the client went away'));
  });
  return controller.signal;
}
