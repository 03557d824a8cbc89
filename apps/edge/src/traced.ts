import type { IncomingRequest, Passing } from '@wrenn/forward';
import { isTracing, startSpan, traceOf, within, withTraceHeaders } from '@wrenn/service';

/**
 * Does the work as part of the trace that the request says it is in. Where none are recorded nothing is added, and the
 * guest gets what the client sent: the headers of a trace are then the application's alone.
 */
export function tracedRequest(
  request: IncomingRequest,
  kind: 'request' | 'upgrade',
  work: () => Promise<void>,
): Promise<void> {
  if (!isTracing()) return work();
  const attributes = { 'http.request.method': request.method ?? '' };
  return within(
    startSpan(`edge ${kind}`, attributes, { kind: 'server', parent: traceOf(request.headers) }),
    work,
  );
}

/** The request as it is passed on, so that what its receiver does is seen as part of the same trace. */
export function withTrace(passing: Passing): Passing {
  return isTracing() ? { ...passing, headers: withTraceHeaders(passing.headers) } : passing;
}
