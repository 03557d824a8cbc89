import { inside, isTracing, startSpan, traceOf } from '@wrenn/service';
import type { FastifyInstance, FastifyRequest } from 'fastify';

type Span = ReturnType<typeof startSpan>;

/** Makes each request a span of its client's trace. Nothing is added where no traces are recorded. */
export function traceRequests(app: FastifyInstance): void {
  if (!isTracing()) return;
  const spans = new WeakMap<FastifyRequest, Span>();
  const within = (request: FastifyRequest, done: () => void) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else inside(span, done);
  };
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, routeOptions } = request;
    const route = routeOptions.url ?? 'none';
    const attributes = { 'http.request.method': method, 'http.route': route, 'wrenn.request': request.id };
    const parent = traceOf(request.headers);
    spans.set(request, startSpan(`${method} ${route}`, attributes, { kind: 'server', parent }));
    within(request, done);
  });
  // What read the body was not called by the request.
  app.addHook('preValidation', (request, _reply, done) => within(request, done));
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request);
    span?.setAttribute('http.response.status_code', reply.statusCode);
    if (reply.statusCode >= 500) span?.setAttribute('error.type', String(reply.statusCode));
    span?.end();
    // For the line of the log that says how it ended.
    within(request, done);
  });
}
