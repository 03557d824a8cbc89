import { type ChildProcess, spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { systemCode, WrennError } from '@wrenn/core';
import { type ProcessIdentity, startTicksOf } from '../../process/process-identity.ts';
import type { MachineSpec } from '../engine.ts';
import { machineFiles, qemuProgram } from './arguments.ts';

/** A VMM that this agent started. */
export interface VmmProcess extends ProcessIdentity {
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
}

/**
 * Joins the cgroups named before `--`, sets limits, and becomes the command after it. A shell, because it has to
 * happen between fork and exec; data arrives as arguments and is never part of the script.
 */
const enterAndBecome = 'ulimit -c 0; while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec "$@"';

/**
 * Starts QEMU confined: in the slot's network namespace, as the slot's own user without groups or a way to gain
 * privileges, in its cgroup. It has a session of its own and writes to a file, so it outlives the agent.
 */
export async function startVmm(spec: MachineSpec, args: readonly string[]): Promise<VmmProcess> {
  await using log = await open(`${spec.directory}/${machineFiles.log}`, 'a', 0o600);
  const { namespace, uid, gid } = spec.slot;
  const child = spawn(
    '/bin/sh',
    [
      ...['-c', enterAndBecome, 'wrenn-vmm', ...spec.cgroup.procsFiles, '--'],
      ...['nsenter', `--net=/run/netns/${namespace}`, '--'],
      ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs', '--'],
      ...[qemuProgram, ...args],
    ],
    {
      cwd: spec.directory,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: process.env['PATH'] },
    },
  );
  const exited = exitOf(child);
  const pid = await pidOf(child);
  const startTicks = await startTicksOf(pid);
  if (startTicks === undefined)
    throw new WrennError('agent_error', `starting QEMU: ${await logTail(spec.directory)}`);
  return { pid, startTicks, exited };
}

/** The end of QEMU's own messages, for an error to carry. */
export async function logTail(directory: string): Promise<string> {
  try {
    const text = await readFile(`${directory}/${machineFiles.log}`, 'utf8');
    return text.trim().split('\n').slice(-3).join('; ') || 'it said nothing';
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return 'it left no log';
    throw thrown;
  }
}

function exitOf(child: ChildProcess): Promise<void> {
  const exited = Promise.withResolvers<void>();
  child.once('exit', () => exited.resolve());
  // A child that could not be spawned never exits; `pidOf` reports why.
  child.once('error', () => exited.resolve());
  return exited.promise;
}

async function pidOf(child: ChildProcess): Promise<number> {
  if (child.pid !== undefined) return child.pid;
  const failed = Promise.withResolvers<never>();
  child.once('error', (cause) => failed.reject(new WrennError('agent_error', 'starting QEMU', { cause })));
  return failed.promise;
}
