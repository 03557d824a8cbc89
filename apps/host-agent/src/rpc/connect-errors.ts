import { Code, ConnectError } from '@connectrpc/connect';
import { type ErrorCode, errorCodes, WrennError } from '@wrenn/core';

const codeByName: Readonly<Record<(typeof errorCodes)[ErrorCode]['rpc'], Code>> = {
  invalid_argument: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  not_found: Code.NotFound,
  already_exists: Code.AlreadyExists,
  failed_precondition: Code.FailedPrecondition,
  out_of_range: Code.OutOfRange,
  resource_exhausted: Code.ResourceExhausted,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  deadline_exceeded: Code.DeadlineExceeded,
  canceled: Code.Canceled,
  aborted: Code.Aborted,
  data_loss: Code.DataLoss,
};

/** Carries our own code beside the RPC's, since several of ours share one of those. */
const errorCodeHeader = 'wrenn-error-code';
const errorRemedyHeader = 'wrenn-error-remedy';
const errorFieldHeader = 'wrenn-error-field';

/** For the wire. The cause stays here, for the log. */
export function toConnect(error: WrennError): ConnectError {
  const headers = new Headers({ [errorCodeHeader]: error.code });
  if (error.remedy !== undefined) headers.set(errorRemedyHeader, encodeURIComponent(error.remedy));
  if (error.field !== undefined) headers.set(errorFieldHeader, error.field);
  return new ConnectError(error.message, codeByName[errorCodes[error.code].rpc], headers);
}

/** What envd refused to do, or this side before it was asked, as our error. */
export function fromConnect(error: ConnectError, doing: string): WrennError {
  const { cause } = error;
  if (cause instanceof WrennError) {
    const remedy = cause.remedy === undefined ? {} : { remedy: cause.remedy };
    return new WrennError(cause.code, `${doing}: ${cause.message}`, { cause, ...remedy });
  }
  const code = envdCodes[error.code] ?? 'agent_error';
  return new WrennError(code, `${doing}: ${error.rawMessage}`, { cause: error });
}

const envdCodes: Partial<Record<Code, ErrorCode>> = {
  [Code.InvalidArgument]: 'invalid_request',
  // The token is ours, so what envd does not know is the user to run as.
  [Code.Unauthenticated]: 'invalid_request',
  [Code.NotFound]: 'not_found',
  [Code.PermissionDenied]: 'forbidden',
  [Code.AlreadyExists]: 'conflict',
  [Code.FailedPrecondition]: 'invalid_state',
  [Code.DeadlineExceeded]: 'deadline_exceeded',
  [Code.Unavailable]: 'host_unavailable',
  [Code.ResourceExhausted]: 'no_space',
};
