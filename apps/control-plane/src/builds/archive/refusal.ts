import { type ErrorCode, systemCode, WrennError } from '@wrenn/core';
import { quote } from '../registry/quote.ts';

/** Why the archive is not taken; `name` is the entry's, as it stands in the archive. */
export function refusal(why: string, name?: string, details: { code?: ErrorCode; remedy?: string } = {}) {
  const { code = 'invalid_request', remedy } = details;
  const where = name === undefined ? '' : `${quote(name)} `;
  return new WrennError(code, `the archive is refused: ${where}${why}`, {
    field: 'archive',
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/**
 * What a reader of archives threw. Its own errors say that the bytes are not what they should be; those of the
 * system, of whoever cancelled and of this program do not.
 */
export function readingFault(thrown: unknown, signal: AbortSignal): WrennError {
  if (thrown instanceof WrennError) return thrown;
  if (signal.aborted) return WrennError.from(signal.reason, 'reading the archive');
  const isOfSystem = thrown instanceof Error && 'syscall' in thrown && systemCode(thrown) !== undefined;
  const isMistake =
    !(thrown instanceof Error) || thrown instanceof TypeError || thrown instanceof ReferenceError;
  if (isOfSystem || isMistake) return WrennError.from(thrown, 'reading the archive');
  return new WrennError('invalid_request', 'the archive is refused: it is damaged or cut off', {
    field: 'archive',
    remedy: 'make the archive again and upload it again',
    cause: thrown,
  });
}
