import { WrennError } from '@wrenn/core';

/** Input that a process has not read yet, above which more is refused. */
const limitBytes = 8 * 1024 * 1024;

/** Throws `rate_limited` when `more` cannot wait besides what waits already. */
export function checkInputLimit(waitingBytes: number, more: number): void {
  if (waitingBytes + more <= limitBytes) return;
  throw new WrennError('rate_limited', 'the process does not read its input', {
    remedy: `wait until it has read some: at most ${limitBytes} bytes are kept for it`,
  });
}

export function closedInput(cause?: unknown): WrennError {
  return new WrennError('invalid_state', 'the input of the process is closed', { cause });
}
