import { spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { enterAndBecome } from '../../cgroup/enter-and-become.ts';
import { type StartedProcess, startedProcess } from '../../process/started-process.ts';
import type { MachineSpec } from '../engine.ts';
import { lastLines, tailOf } from '../last-lines.ts';
import { machineFiles, qemuProgram } from './arguments.ts';

/**
 * Starts QEMU confined: in the slot's network namespace, as the slot's own user without groups but those of the devices
 * that it opens or a way to gain privileges, in its cgroup. It has a session of its own and writes to a file, so it outlives the agent.
 */
export async function startVmm(
  spec: MachineSpec,
  args: readonly string[],
  groups: readonly number[],
): Promise<StartedProcess> {
  await using log = await open(`${spec.directory}/${machineFiles.log}`, 'a', 0o600);
  const { namespace, uid, gid } = spec.slot;
  const child = spawn(
    '/bin/sh',
    [
      ...['-c', enterAndBecome, 'wrenn-vmm', ...spec.cgroup.procsFiles, '--'],
      ...['nsenter', `--net=/run/netns/${namespace}`, '--'],
      ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, groupsOption(groups), '--no-new-privs', '--'],
      ...[qemuProgram, ...args],
    ],
    {
      cwd: spec.directory,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
      env: { PATH: process.env['PATH'] },
    },
  );
  try {
    return await startedProcess(child, 'QEMU');
  } catch (cause) {
    const { message } = WrennError.from(cause);
    throw new WrennError('agent_error', `${message}: ${await logTail(spec.directory)}`, { cause });
  }
}

export function groupsOption(groups: readonly number[]): string {
  return groups.length === 0 ? '--clear-groups' : `--groups=${groups.join(',')}`;
}

/** The last of QEMU's own messages, for an error to carry. */
export async function logTail(directory: string): Promise<string> {
  return lastLines(await tailOf(`${directory}/${machineFiles.log}`));
}
