import { Code, ConnectError } from '@connectrpc/connect';
import { type ErrorCode, errorCodes, systemCode, WrennError } from '@wrenn/core';

/** Agents name our own code beside the RPC's, since several of ours share one of those. */
const codeHeader = 'wrenn-error-code';
const remedyHeader = 'wrenn-error-remedy';
const fieldHeader = 'wrenn-error-field';

const byRpcCode: Partial<Record<Code, ErrorCode>> = {
  [Code.InvalidArgument]: 'invalid_request',
  [Code.NotFound]: 'not_found',
  [Code.AlreadyExists]: 'conflict',
  [Code.FailedPrecondition]: 'invalid_state',
  [Code.PermissionDenied]: 'forbidden',
  [Code.Unimplemented]: 'not_implemented',
  [Code.DeadlineExceeded]: 'deadline_exceeded',
  [Code.Canceled]: 'cancelled',
  [Code.Unavailable]: 'host_unavailable',
  [Code.Aborted]: 'host_unavailable',
};

/** What a call to an agent threw, as our error; the one place that knows RPC codes. */
export function fromAgent(thrown: unknown, doing: string): WrennError {
  if (thrown instanceof WrennError) return thrown;
  const error = ConnectError.from(thrown);
  const code = statedCode(error);
  if (code !== undefined) {
    const remedy = decode(error.metadata.get(remedyHeader));
    const field = error.metadata.get(fieldHeader);
    return new WrennError(code, error.rawMessage, {
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
      ...(field === null ? {} : { field }),
    });
  }
  const system = systemCode(error.cause);
  if (system !== undefined || error.code === Code.Unavailable || error.code === Code.Aborted) {
    return new WrennError(
      'host_unavailable',
      `${doing}: the host does not answer (${system ?? 'connection lost'})`,
      {
        cause: error,
        remedy: 'try again; if it stays so, look at the host-agent on that host',
      },
    );
  }
  return new WrennError(byRpcCode[error.code] ?? 'agent_error', `${doing}: ${error.rawMessage}`, {
    cause: error,
  });
}

function statedCode(error: ConnectError): ErrorCode | undefined {
  const text = error.metadata.get(codeHeader);
  return text !== null && Object.hasOwn(errorCodes, text) ? (text as ErrorCode) : undefined;
}

function decode(text: string | null): string | undefined {
  if (text === null) return undefined;
  try {
    return decodeURIComponent(text);
  } catch (thrown) {
    if (thrown instanceof URIError) return undefined;
    throw thrown;
  }
}
