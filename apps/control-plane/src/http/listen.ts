import { systemCode, WrennError } from '@wrenn/core';
import type { FastifyInstance } from 'fastify';

/** Listens on `host:port` (`[::1]:port` for IPv6; port 0 is any free one) and returns the URL. */
export async function listen(app: FastifyInstance, address: string): Promise<string> {
  const match = /^(?:\[([0-9a-f:]+)\]|([^:]*)):(\d{1,5})$/i.exec(address);
  const port = Number(match?.[3]);
  if (match === null || port > 65_535) {
    throw new WrennError('missing_prerequisite', `WRENN_CP_LISTEN_ADDR: ${address} is not address:port`);
  }
  try {
    return await app.listen({ host: match[1] ?? (match[2] || '::'), port });
  } catch (cause) {
    if (systemCode(cause) !== 'EADDRINUSE') throw cause;
    throw new WrennError('missing_prerequisite', `${address} is in use`, {
      cause,
      remedy: 'stop the program that listens there, or set WRENN_CP_LISTEN_ADDR to another address',
    });
  }
}
