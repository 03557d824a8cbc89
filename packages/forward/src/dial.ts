import { systemCode } from '@wrenn/core';
import { ForwardFault } from './forward-fault.ts';

/** A port that is just coming up is tried three times: at once, after 100 ms, and after 200 ms more. */
const attempts = 3;
const backOffMs = 100;
/** A guest whose kernel runs answers a connection at once, also under emulation and load. */
export const connectMs = 10_000;

const unreachable = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'ETIMEDOUT', 'EHOSTDOWN']);

/** How long to wait before the attempt after `attempt` (counted from 1); undefined when that was the last. */
export function nextAttemptAfter(attempt: number, fault: unknown): number | undefined {
  if (systemCode(fault) !== 'ECONNREFUSED' || attempt >= attempts) return undefined;
  return backOffMs * attempt;
}

export function asForwardFault(thrown: unknown): ForwardFault {
  if (thrown instanceof ForwardFault) return thrown;
  const code = systemCode(thrown) ?? '';
  if (code === 'ECONNREFUSED') return new ForwardFault('closed', thrown);
  if (unreachable.has(code)) return new ForwardFault('unreachable', thrown);
  return new ForwardFault(code.startsWith('HPE_') ? 'unspeakable' : 'broken', thrown);
}
