import type { ChildProcess } from 'node:child_process';
import { WrennError } from '@wrenn/core';
import { type ProcessIdentity, startTicksOf } from './process-identity.ts';

/** A process that this one started. */
export interface StartedProcess extends ProcessIdentity {
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
}

/** Throws agent_error where it could not be started, or was gone before it could be looked at. */
export async function startedProcess(child: ChildProcess, what: string): Promise<StartedProcess> {
  const exited = exitOf(child);
  const pid = await pidOf(child, what);
  const startTicks = await startTicksOf(pid);
  if (startTicks === undefined) throw new WrennError('agent_error', `starting ${what}: it ended at once`);
  return { pid, startTicks, exited };
}

function exitOf(child: ChildProcess): Promise<void> {
  const exited = Promise.withResolvers<void>();
  child.once('exit', () => exited.resolve());
  // A child that could not be spawned never exits; `pidOf` reports why.
  child.once('error', () => exited.resolve());
  return exited.promise;
}

async function pidOf(child: ChildProcess, what: string): Promise<number> {
  if (child.pid !== undefined) return child.pid;
  const failed = Promise.withResolvers<never>();
  child.once('error', (cause) => failed.reject(new WrennError('agent_error', `starting ${what}`, { cause })));
  return failed.promise;
}
