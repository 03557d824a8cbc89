import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { WrennError } from '@wrenn/core';
import type { Daemon } from '../guest/daemon.ts';

/** In every capsule, whatever its image holds. */
const capsuleBusybox = '/run/wrenn/runtime/bin/busybox';
/**
 * Freezing empties the journal and puts the file system's own counts right. It is let go of at once, by the same program:
 * the daemon itself may have to wait for it.
 */
const inCapsule = [
  ...[capsuleBusybox, 'sh', '-ec'],
  '"$0" sync -f /; "$0" fsfreeze --freeze /; "$0" fsfreeze --unfreeze /',
  capsuleBusybox,
] as const;
/** The file system of a machine that is no capsule is not the daemon's to freeze. */
const elsewhere = ['sync', '-f', '/'] as const;

/**
 * Writes back all of the root file system that is only in memory, in a machine that is prepared, so that its disk alone is
 * all there is. By a program of its own: the daemon answers meanwhile, however long it takes.
 */
export async function syncDisk({ phase }: Daemon): Promise<void> {
  if (phase !== 'prepared')
    throw new WrennError('invalid_state', 'the processes of users may write: prepare the machine first');
  const [program, ...args] = existsSync(capsuleBusybox) ? inCapsule : elsewhere;
  const syncing = spawn(program, args, { stdio: 'ignore', cwd: '/' });
  const ended: [number | null, string | null] = await once(syncing, 'close').then(([code, killedBy]) => [
    code,
    killedBy,
  ]);
  const [code, killedBy] = ended;
  if (code !== 0)
    throw new WrennError('agent_error', `writing back the disk: sync ended with ${code ?? killedBy}`);
}
