import { pause, WrennError } from '@wrenn/core';
import type { RegistryLimits } from './limits.ts';

/** Attempts again what a connection or a server failed at, or what came too often, after pauses that grow. */
export async function inAttempts<T>(
  limits: RegistryLimits,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (thrown) {
      if (count >= limits.attempts || !isPassing(thrown)) throw thrown;
      const wanted = thrown.retryAfterSec === undefined ? 0 : thrown.retryAfterSec * 1000;
      if (wanted > limits.longestPauseMs) throw thrown;
      const grown = Math.min(limits.pauseMs * 2 ** (count - 1), limits.longestPauseMs);
      await pause(Math.max(wanted, grown), signal);
    }
  }
}

function isPassing(thrown: unknown): thrown is WrennError {
  return (
    thrown instanceof WrennError && (thrown.code === 'host_unavailable' || thrown.code === 'rate_limited')
  );
}
