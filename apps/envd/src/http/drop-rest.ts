import type { IncomingMessage } from 'node:http';

/** How long what a client still sends of a refused body is read and dropped, so that it comes to read the answer. */
const lingerMs = 10_000;

/**
 * For a request that is answered, though not all of its body was read. Closing at once would reset the connection of a
 * client that is still sending, and the answer would be lost; leaving it unread would hold up the client's next
 * request on the connection. `atMostMs` until the connection is closed.
 */
export function dropRest(request: IncomingMessage, atMostMs = lingerMs): void {
  if (request.complete) return;
  const timer = setTimeout(() => request.destroy(), atMostMs);
  request.once('close', () => clearTimeout(timer));
  request.resume();
}
