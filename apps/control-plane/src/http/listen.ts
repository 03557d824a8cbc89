import { type ListenAddress, listenFault } from '@wrenn/service';
import type { FastifyInstance } from 'fastify';
import { settings } from '../config.ts';

/** Listens and returns the URL. */
export async function listen(app: FastifyInstance, address: ListenAddress): Promise<string> {
  try {
    return await app.listen({ ...address });
  } catch (cause) {
    throw listenFault(cause, address, settings.listenAddress.variable);
  }
}
