import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Words that run a program in a session of its own whose controlling terminal is its standard input: setsid(1), in a
 * capsule that of the runtime drive, where the file of this daemon lies too, since the image may lack everything.
 */
export function findTerminalLauncher(daemonFile: string): readonly string[] {
  const busybox = join(dirname(daemonFile), 'bin/busybox');
  const setsid = existsSync(busybox) ? [busybox, 'setsid'] : ['/usr/bin/setsid'];
  return [...setsid, '-c', '--'];
}
