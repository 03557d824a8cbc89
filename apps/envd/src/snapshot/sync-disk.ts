import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { WrennError } from '@wrenn/core';
import type { Daemon } from '../guest/daemon.ts';

/** In every capsule, whatever its image holds. */
const runtimeBusybox = '/run/wrenn/runtime/bin/busybox';

/**
 * Writes back all of the root file system that is only in memory, in a machine that is prepared, so that its disk alone is
 * all there is. By a program of its own: the daemon answers meanwhile, however long it takes.
 */
export async function syncDisk({ phase }: Daemon): Promise<void> {
  if (phase !== 'prepared')
    throw new WrennError('invalid_state', 'the processes of users may write: prepare the machine first');
  const busybox = existsSync(runtimeBusybox) ? runtimeBusybox : 'busybox';
  const syncing = spawn(busybox, ['sync', '-f', '/'], { stdio: 'ignore', cwd: '/' });
  const [code, killedBy]: [number | null, string | null] = await once(syncing, 'close').then(
    ([first, second]) => [first, second],
  );
  if (code !== 0)
    throw new WrennError('agent_error', `writing back the disk: sync ended with ${code ?? killedBy}`);
}
