import type { ClientRequest, IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { abortable, deadline, WrennError } from '@wrenn/core';

export interface AnswerBounds {
  /** For a connection, with TLS where it has that. */
  readonly connectMs: number;
  /** From then on to the answer's head; absent where a body is to be sent first, which takes as long as it takes. */
  readonly headMs?: number;
}

/**
 * The answer to a request, once its head is here; its body is bounded by nothing. Throws what the connection does,
 * `host_unavailable` where none came to be in time, and `deadline_exceeded` where no answer began in time; both end the
 * request. `whom` is asked.
 */
export async function answerTo(
  sent: ClientRequest,
  whom: string,
  { connectMs, headMs }: AnswerBounds,
): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>();
  sent.once('response', answered.resolve);
  sent.on('error', answered.reject);
  try {
    await within(connectMs, Promise.race([connected(sent), answered.promise]), (cause) => {
      const message = `${whom} does not answer: no connection within ${connectMs} ms`;
      return new WrennError('host_unavailable', message, { cause, remedy: 'try again' });
    });
    if (headMs === undefined) return await answered.promise;
    return await within(headMs, answered.promise, (cause) => {
      const message = `${whom} did not begin to answer within ${headMs} ms`;
      return new WrennError('deadline_exceeded', message, { cause, remedy: 'try again' });
    });
  } catch (thrown) {
    answered.promise.catch(() => undefined);
    sent.destroy();
    throw thrown;
  }
}

async function within<T>(ms: number, promise: Promise<T>, fault: (cause: unknown) => WrennError): Promise<T> {
  using limit = deadline(ms, 'waiting');
  try {
    return await abortable(promise, limit);
  } catch (thrown) {
    throw limit.aborted ? fault(thrown) : thrown;
  }
}

/** Settles when the request can be sent; never when it cannot. */
function connected(sent: ClientRequest): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  sent.once('socket', (socket) => {
    if (sent.reusedSocket) resolve();
    else socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => resolve());
  });
  return promise;
}
