import { describeError, systemCode, WrennError } from '@wrenn/core';
import { WrennApiError } from '@wrenn/sdk';

/** One line: cause, then remedy. What is neither a typed fault nor the system's is a defect, and shown with its origin. */
export function describeFault(thrown: unknown): string {
  if (thrown instanceof WrennApiError || thrown instanceof WrennError) {
    const message = thrown.code === 'internal_error' ? describeError(thrown) : thrown.message;
    return thrown.remedy === undefined ? message : `${message}; ${thrown.remedy}`;
  }
  if (systemCode(thrown) !== undefined) return describeFault(WrennError.from(thrown, 'the system refused'));
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
