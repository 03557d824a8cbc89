import { type Context, context, propagation, ROOT_CONTEXT } from '@opentelemetry/api';

/** The headers of W3C Trace Context. */
const headerNames = ['traceparent', 'tracestate'] as const;

/** What headers of a request may look like: those of Node, or those of fetch. */
export type Incoming = Headers | Readonly<Record<string, string | string[] | undefined>>;

/** The trace that whoever sent this is in; a new one where they say of none. */
export function traceOf(headers: Incoming): Context {
  const carrier = headers instanceof Headers ? Object.fromEntries(headers) : headers;
  return propagation.extract(ROOT_CONTEXT, carrier);
}

/** What says to whoever is asked which trace this is part of: nothing where none is recorded. */
export function traceHeaders(): Record<string, string> {
  const carrier: Record<string, string> = {};
  propagation.inject(context.active(), carrier);
  return carrier;
}

/** Puts the trace that is under way in the place of what a flat list of names and values says of one. */
export function withTraceHeaders(headers: readonly string[]): string[] {
  const ours = Object.entries(traceHeaders());
  if (ours.length === 0) return [...headers];
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? '';
    if (!headerNames.some((each) => each === name.toLowerCase())) kept.push(name, headers[index + 1] ?? '');
  }
  return [...kept, ...ours.flat()];
}

/** Whether this process records traces; it is decided at its start. */
export function isTracing(): boolean {
  return propagation.fields().length > 0;
}
