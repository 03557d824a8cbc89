import {
  type Attributes,
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { codeOf } from '../error-code.ts';
import { isTracing } from './propagation.ts';

const scope = 'wrenn';
const kinds = { internal: SpanKind.INTERNAL, client: SpanKind.CLIENT, server: SpanKind.SERVER } as const;

interface SpanOptions {
  readonly kind?: keyof typeof kinds;
  readonly parent?: Context;
  /** In milliseconds of Unix time; by default it is now. */
  readonly startTime?: number;
}

/**
 * Does `work` as a span of the trace that is under way, or as the first of a new one. Without an SDK in the process (see
 * register.ts) it does just the work. Attributes are never secrets, and nothing that users typed: traces are read by
 * whoever runs the platform.
 */
export function span<T>(name: string, attributes: Attributes, work: () => Promise<T>): Promise<T> {
  return isTracing() ? within(startSpan(name, attributes), work) : work();
}

/** A span as a child of what `parent` says; by default of the one under way. Whoever starts it ends it. */
export function startSpan(
  name: string,
  attributes: Attributes,
  { kind = 'internal', parent = context.active(), startTime }: SpanOptions = {},
): Span {
  const options = { kind: kinds[kind], attributes, ...(startTime === undefined ? {} : { startTime }) };
  return trace.getTracer(scope).startSpan(name, options, parent);
}

/** Does the work as part of the span, which goes on. */
export function inside<T>(started: Span, work: () => T): T {
  return context.with(trace.setSpan(context.active(), started), work);
}

/** Ends the span with the work, and says in it what that threw. */
export async function within<T>(started: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await inside(started, work);
  } catch (thrown) {
    noteFault(started, thrown);
    throw thrown;
  } finally {
    started.end();
  }
}

/** The same for what comes bit by bit: the span ends with the last of it. */
export async function* throughout<T>(started: Span, items: AsyncIterable<T>): AsyncGenerator<T, void> {
  const iterator = items[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await inside(started, () => iterator.next());
      if (next.done === true) return;
      yield next.value;
    }
  } catch (thrown) {
    noteFault(started, thrown);
    throw thrown;
  } finally {
    // Also where whoever reads it has enough.
    await iterator.return?.();
    started.end();
  }
}

export function noteFault(started: Span, thrown: unknown): void {
  if (!started.isRecording()) return;
  // The code alone: a message may name what users typed.
  const code = codeOf(thrown);
  started.setAttribute('error.type', code);
  started.setStatus({ code: SpanStatusCode.ERROR, message: code });
}

/** Of the span under way, for log lines. */
export function traceFields(): { readonly trace_id: string; readonly span_id: string } | undefined {
  const active = trace.getActiveSpan()?.spanContext();
  return active === undefined ? undefined : { trace_id: active.traceId, span_id: active.spanId };
}
