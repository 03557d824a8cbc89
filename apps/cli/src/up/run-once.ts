import { abortable, type Report } from '@wrenn/core';
import { type ServiceProcess, type ServiceSpec, startService } from './service-process.ts';

/** From the order to end to force: set-up may have to unmount and delete what it began. */
const stopLimitMs = 30_000;

/** Runs a program of ours that does one thing and ends; returns the facts that it reported, or throws its fault. */
export async function runOnce(
  spec: ServiceSpec,
  options: {
    readonly report: Report;
    readonly onStarted: (process: ServiceProcess) => Promise<void>;
    readonly signal: AbortSignal;
  },
): Promise<Readonly<Record<string, string>>> {
  options.signal.throwIfAborted();
  const child = await startService(spec, options.report);
  try {
    await options.onStarted(child);
    return await abortable(child.ready, options.signal);
  } finally {
    await child.stop('leave', stopLimitMs);
  }
}
