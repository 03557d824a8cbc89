import type { Interceptor, StreamResponse, UnaryResponse } from '@connectrpc/connect';
import type { Span } from '@opentelemetry/api';
import { isTracing, traceHeaders, traceOf } from './propagation.ts';
import { inside, noteFault, startSpan, throughout } from './span.ts';

type Answer = UnaryResponse | StreamResponse;

/** Makes each call a span, and tells `peer` which trace it is part of. */
export function tracedClient(peer: string): Interceptor {
  return (next) => async (call) => {
    if (!isTracing()) return await next(call);
    const span = startSpan(
      `${peer} ${call.method.name}`,
      { 'rpc.method': call.method.name },
      {
        kind: 'client',
      },
    );
    return await answerIn(span, async () => {
      for (const [name, value] of Object.entries(traceHeaders())) call.header.set(name, value);
      const answer = await next(call);
      addToldSpan(answer.header, call.method.name);
      return answer;
    });
  };
}

/** Makes what is done for each call a span, as part of the caller's trace. */
export function tracedServer(): Interceptor {
  return (next) => async (call) => {
    if (!isTracing()) return await next(call);
    const { name } = call.method;
    const options = { kind: 'server', parent: traceOf(call.header) } as const;
    const span = startSpan(name, { 'rpc.method': name, ...subjectOf(call.message) }, options);
    return await answerIn(span, () => next(call));
  };
}

const toldTime = /^(\w+);dur=([\d.]+)$/;

/** A server that records nothing itself may say who it is and how long it took, in `Server-Timing`: that is a span too. */
function addToldSpan(headers: Headers, method: string): void {
  const [, who, tookMs] = toldTime.exec(headers.get('server-timing') ?? '') ?? [];
  if (who === undefined) return;
  const endMs = Date.now();
  startSpan(`${who} ${method}`, {}, { kind: 'server', startTime: endMs - Number(tookMs) }).end(endMs);
}

/** Ends the span with the answer: with the last of it, where that is a stream. */
async function answerIn(span: Span, ask: () => Promise<Answer>): Promise<Answer> {
  let isHanded = false;
  try {
    const answer = await inside(span, ask);
    if (!answer.stream) return answer;
    isHanded = true;
    return { ...answer, message: throughout(span, answer.message) };
  } catch (thrown) {
    noteFault(span, thrown);
    throw thrown;
  } finally {
    if (!isHanded) span.end();
  }
}

/** The capsule that a call is about: every message of ours names it alike. */
function subjectOf(message: object): { readonly 'wrenn.capsule'?: string } {
  const id: unknown = Reflect.get(message, 'sandboxId');
  return typeof id === 'string' ? { 'wrenn.capsule': id } : {};
}
