import { Code, ConnectError, type HandlerContext } from '@connectrpc/connect';
import { type ErrorCode, errorCodes, WrennError } from '@wrenn/core';
import { logFault } from '../log.ts';

const codes: Record<(typeof errorCodes)[ErrorCode]['rpc'], Code> = {
  canceled: Code.Canceled,
  invalid_argument: Code.InvalidArgument,
  deadline_exceeded: Code.DeadlineExceeded,
  not_found: Code.NotFound,
  aborted: Code.Aborted,
  already_exists: Code.AlreadyExists,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  failed_precondition: Code.FailedPrecondition,
  out_of_range: Code.OutOfRange,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  data_loss: Code.DataLoss,
  unauthenticated: Code.Unauthenticated,
};

/** What a client of an RPC gets for a fault. One that nobody foresaw is logged with its cause, which is not sent. */
export function toConnectError(thrown: unknown): ConnectError {
  if (thrown instanceof ConnectError) return thrown;
  const error = WrennError.from(thrown);
  if (error.code === 'internal_error') logFault('a call failed', error);
  return new ConnectError(error.message, codes[errorCodes[error.code].rpc]);
}

/** A handler whose WrennErrors reach the client with their own codes. */
export function unary<I, O>(
  handle: (request: I, context: HandlerContext) => O | Promise<O>,
): (request: I, context: HandlerContext) => Promise<O> {
  return async (request, context) => {
    try {
      return await handle(request, context);
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  };
}

/** The same for a stream of answers. */
export function streaming<I, O>(
  handle: (request: I, context: HandlerContext) => AsyncIterable<O>,
): (request: I, context: HandlerContext) => AsyncGenerator<O> {
  return async function* (request, context) {
    try {
      yield* handle(request, context);
    } catch (thrown) {
      throw toConnectError(thrown);
    }
  };
}
