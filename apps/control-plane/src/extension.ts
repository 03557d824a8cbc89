import type { FastifyInstance } from 'fastify';
import type { ServerContext } from './server-context.ts';
import type { Worker } from './worker.ts';

/** What a program built on the control plane adds to it. */
export interface Extension {
  readonly name: string;
  /** Hooks that run for every route, also for those of the control plane. */
  middleware?(app: FastifyInstance, context: ServerContext): void | Promise<void>;
  /** Each route has to say who may call it, in `config.auth`; one that does not keeps the server from starting. */
  routes?(app: FastifyInstance, context: ServerContext): void | Promise<void>;
  workers?(context: ServerContext): readonly Worker[];
}
