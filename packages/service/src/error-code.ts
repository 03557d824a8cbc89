import { type ErrorCode, errorCodes, WrennError } from '@wrenn/core';

/** Where an RPC between our processes carries the code of what was thrown, since several share one of its own. */
const codeHeader = 'wrenn-error-code';
/** Of Connect, and of gRPC. */
const canceled = 1;

/** What code the fault has, also after it came over an RPC. */
export function codeOf(thrown: unknown): ErrorCode {
  if (!(thrown instanceof Error) || !('metadata' in thrown && thrown.metadata instanceof Headers))
    return WrennError.from(thrown).code;
  const text = thrown.metadata.get(codeHeader);
  if (text !== null && Object.hasOwn(errorCodes, text)) return text as ErrorCode;
  if (thrown.cause instanceof WrennError) return thrown.cause.code;
  return 'code' in thrown && thrown.code === canceled ? 'cancelled' : 'host_unavailable';
}
