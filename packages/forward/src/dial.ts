import { systemCode } from '@wrenn/core';
import { ForwardFault } from './forward-fault.ts';
import type { Hop } from './hop.ts';

/** A port that is closed is tried three times: at once, after 100 ms, and after 200 ms more. */
const attempts = 3;
const backOffMs = 100;
/** A guest whose kernel runs answers a connection at once, also under emulation and load. */
export const connectMs = 10_000;
/** A peer that vanished without a word is noticed by the kernel, not by a limit that quiet sockets would meet. */
export const keepAliveMs = 30_000;
/** Of an answer: as large as those of requests may be. */
export const maxHeaderSize = 64 * 1024;

const unreachable = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EHOSTDOWN']);
/** A relay or the API that is not found by its name, or is not who it should be, has got nothing of the request. */
const notMet = /^(?:ENOTFOUND|EAI_|EPROTO$|ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_)/;

/** How long to wait before the attempt after `attempt` (counted from 1); undefined when that was the last. */
export function nextAttemptAfter(
  attempt: number,
  fault: unknown,
  { comingUpUntilMs = 0 }: { readonly comingUpUntilMs?: number },
): number | undefined {
  if (systemCode(fault) !== 'ECONNREFUSED') return undefined;
  if (attempt < attempts) return backOffMs * attempt;
  return performance.now() < comingUpUntilMs ? backOffMs * attempts : undefined;
}

/**
 * What is no HTTP: Node's parser says so; undici says it of a head that is too long or names a length that is none. It is
 * also what is not sent: bytes that Node's own parser lets in.
 */
const noHttp = /^(?:HPE_|UND_ERR_(?:HEADERS_OVERFLOW|RES_CONTENT_LENGTH_MISMATCH|INVALID_ARG)$)/;

/** What went wrong on the way to `hop`. */
export function asForwardFault(thrown: unknown, { hop }: { readonly hop: Hop }): ForwardFault {
  if (thrown instanceof ForwardFault) return new ForwardFault(thrown.kind, thrown.cause, hop);
  const code = systemCode(thrown) ?? '';
  if (code === 'ECONNREFUSED') return new ForwardFault('closed', thrown, hop);
  if (unreachable.has(code) || notMet.test(code)) return new ForwardFault('unreachable', thrown, hop);
  return new ForwardFault(noHttp.test(code) ? 'unspeakable' : 'broken', thrown, hop);
}
