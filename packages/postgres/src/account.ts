import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WrennError } from '@wrenn/core';

/** Whom the server runs as. PostgreSQL refuses to run as root. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

const name = 'wrenn-postgres';
const run = promisify(execFile);
/** A root shell's PATH does not always have the folders of useradd and getent. */
const options = { timeout: 30_000, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' } };

/**
 * As root: the system account `wrenn-postgres`, made at the first start. It has an entry in the user database
 * because initdb looks itself up there. Otherwise: whoever this process is.
 */
export async function serverAccount(): Promise<Account> {
  const [uid, gid] = [process.getuid?.(), process.getgid?.()];
  if (uid === undefined || gid === undefined) {
    throw new WrennError('missing_prerequisite', 'the embedded PostgreSQL runs on Linux only');
  }
  if (uid !== 0) return { uid, gid };
  const found = await find();
  if (found !== undefined) return found;
  try {
    await run(
      'useradd',
      [
        '--system',
        '--user-group',
        '--no-create-home',
        '--home-dir',
        '/nonexistent',
        '--shell',
        '/usr/sbin/nologin',
        name,
      ],
      options,
    );
  } catch (cause) {
    // Another start may have made it in the meantime.
    const made = await find();
    if (made !== undefined) return made;
    throw new WrennError('missing_prerequisite', `making the system user ${name} failed`, {
      cause,
      remedy: `make it by hand: useradd --system --user-group ${name}`,
    });
  }
  const made = await find();
  if (made === undefined)
    throw new WrennError('missing_prerequisite', `the system user ${name} is not found`);
  return made;
}

async function find(): Promise<Account | undefined> {
  try {
    const { stdout } = await run('getent', ['passwd', name], options);
    const [, , uid, gid] = stdout.split(':');
    return { uid: Number(uid), gid: Number(gid) };
  } catch (thrown) {
    // getent's exit code for a key that is not there.
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 2) return undefined;
    throw thrown;
  }
}
