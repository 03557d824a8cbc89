import { WrennError } from '@wrenn/core';
import { runCommand } from '../run-command.ts';

const timeoutMs = 10 * 60_000;

/** Runs apt-get, waiting for another one that runs. Throws `missing_prerequisite` with the end of what it said. */
export async function apt(command: readonly string[]): Promise<void> {
  const argv = ['apt-get', '-o', 'DPkg::Lock::Timeout=300', ...command] as const;
  const environment = { DEBIAN_FRONTEND: 'noninteractive' };
  const { code, output } = await runCommand(argv, { timeoutMs, output: 'keep', environment });
  if (code === 0) return;
  throw new WrennError('missing_prerequisite', `apt-get ${command[0]} failed: ${output.trim().slice(-400)}`, {
    remedy: 'make sure that this machine reaches the mirrors of /etc/apt/sources.list',
  });
}
