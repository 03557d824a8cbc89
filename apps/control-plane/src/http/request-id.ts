import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The client's own ID of a request if it is short and plain, so that it can be logged as it is; else a new one. */
export function requestId(request: Pick<IncomingMessage, 'headers'>): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
}
