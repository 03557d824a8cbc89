import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Of a request that is part of a trace: its answer says how long this daemon took until it began. The agent makes a span of
 * that, so that nothing of tracing has to be in the guest.
 */
export function tellTime({ headers }: IncomingMessage, response: ServerResponse): void {
  if (headers['traceparent'] === undefined) return;
  const began = performance.now();
  const writeHead = response.writeHead.bind(response);
  response.writeHead = (...head: unknown[]) => {
    response.setHeader('server-timing', `envd;dur=${(performance.now() - began).toFixed(1)}`);
    return Reflect.apply(writeHead, response, head);
  };
}
