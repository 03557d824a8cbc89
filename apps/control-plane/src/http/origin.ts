import type { FastifyRequest } from 'fastify';

/** Where a request comes from, as it is shown to people. */
export interface Origin {
  readonly userAgent: string;
  /** Behind a proxy that is trusted, what that says. */
  readonly address: string;
}

export function originOf(request: FastifyRequest): Origin {
  return { userAgent: request.headers['user-agent'] ?? '', address: request.ip };
}
