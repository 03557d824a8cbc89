import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemCode, WrennError } from '@wrenn/core';
import type { ConnectionTracker } from './connections.ts';

/** Longer than the host keeps an idle connection, so that it is never the guest that closes one in use. */
const keepAliveTimeoutMs = 640_000;
/** A client that takes longer to send its headers is cut off (R5). */
const headersTimeoutMs = 10_000;
/** By how much later at the most. */
const checkMs = 2_000;

/** HTTP/1.1. Listens when it returns; `address` has the port that was really taken. */
export async function listen(
  handler: RequestListener,
  connections: ConnectionTracker,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly server: Server; readonly address: AddressInfo }> {
  const server = createServer(
    {
      keepAliveTimeout: keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: checkMs,
      // A stream of input lasts as long as its process. Handlers that read a whole body have their own deadline.
      requestTimeout: 0,
      noDelay: true,
    },
    handler,
  );
  connections.attach(server);
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new WrennError('missing_prerequisite', `cannot listen on ${host}:${port}`, {
      cause,
      remedy:
        systemCode(cause) === 'EADDRINUSE' ? 'the port is in use: choose another by --port' : 'see cause',
    });
  }
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new WrennError('internal_error', 'the server has no port');
  }
  return { server, address };
}
