import type { IncomingMessage, ServerResponse } from 'node:http';

/** Browsers keep the answer to a preflight for two hours. */
const maxAgeSeconds = '7200';

const exposedHeaders = [
  'Accept-Ranges',
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Last-Modified',
  'Location',
].join(', ');

/**
 * Lets pages of any origin read the answer: what lets a request in is a token or a signature, which no page has unless
 * it was given one, and never a cookie. Other clients than browsers name no origin and get no such headers.
 */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.origin === undefined) return;
  response.setHeader('access-control-allow-origin', '*');
  response.setHeader('access-control-expose-headers', exposedHeaders);
}

/** Answers a browser that asks what it may send, which it does without a token. */
export function replyPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
    // Spelled out where they are known, since `*` does not include Authorization.
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
    'access-control-max-age': maxAgeSeconds,
    vary: 'Access-Control-Request-Headers',
  });
  response.end();
}
