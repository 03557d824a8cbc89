import type { FastifyInstance } from 'fastify';
import type { ServerContext } from './server-context.ts';

/** Work that goes on while the server runs. */
export interface Worker {
  readonly name: string;
  /** Returns or throws when the signal aborts; what it throws before is logged, and it is run again. */
  run(signal: AbortSignal): Promise<void>;
}

/** What a program built on the control plane adds to it. */
export interface Extension {
  readonly name: string;
  /** Hooks that run for every route, also for those of the control plane. */
  middleware?(app: FastifyInstance, context: ServerContext): void | Promise<void>;
  /** Each route has to say who may call it, in `config.auth`; one that does not keeps the server from starting. */
  routes?(app: FastifyInstance, context: ServerContext): void | Promise<void>;
  workers?(context: ServerContext): readonly Worker[];
}
