import type { AgentConfig } from '../config.ts';

/**
 * - `ok`: as it should be.
 * - `warn`: capsules run, but something that Wrenn promises elsewhere does not hold here (isolation, bounds, speed).
 * - `fail`: capsules cannot run on this machine until the remedy is applied.
 */
type CheckStatus = 'ok' | 'warn' | 'fail';

export interface Finding {
  readonly status: CheckStatus;
  /** What was found, as a sentence without a full stop. */
  readonly detail: string;
  /** What to do about it; null when there is nothing to do. */
  readonly remedy: string | null;
}

/** What is looked at besides the machine itself. */
export type CheckConfig = Pick<
  AgentConfig,
  'cacheDirectory' | 'directory' | 'engine' | 'firecrackerDirectory'
>;

export interface CheckContext extends CheckConfig {
  readonly signal: AbortSignal;
}

/** One thing that is looked at. `examine` leaves nothing on the machine and throws only for faults of its own. */
export interface Check {
  /** Stable: scripts match on it. */
  readonly id: string;
  examine(context: CheckContext): Promise<Finding>;
}

export function ok(detail: string): Finding {
  return { status: 'ok', detail, remedy: null };
}

export function warn(detail: string, remedy: string): Finding {
  return { status: 'warn', detail, remedy };
}

export function fail(detail: string, remedy: string): Finding {
  return { status: 'fail', detail, remedy };
}
