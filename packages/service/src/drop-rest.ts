import type { IncomingMessage } from 'node:http';
import type { Http2ServerRequest } from 'node:http2';

/** How long what a client still sends is read and dropped. */
const lingerMs = 10_000;

/**
 * For a request that is answered, though not all of its body was read: reads and drops the rest, for a while. Closing
 * at once would reset the connection, and the answer would be lost to a client that is still sending; leaving the rest
 * unread would hold up the client's next request on the connection, for ever.
 */
export function dropRest(request: IncomingMessage | Http2ServerRequest): void {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.destroy(), lingerMs);
  request.once('close', () => clearTimeout(timer));
  request.unpipe();
  request.resume();
}
