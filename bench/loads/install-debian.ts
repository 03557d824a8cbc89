import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Sees to it that Debian's packages are there. None of them is to start a service of its own. */
export async function installDebian(
  packages: readonly string[],
  note: (text: string) => void,
): Promise<void> {
  const { stdout } = await run('dpkg', ['--get-selections']);
  const missing = packages.filter((name) => !new RegExp(`^${name}(?::\\w+)?\\s+install$`, 'm').test(stdout));
  if (missing.length === 0) return;
  note(`installing ${missing.join(', ')}`);
  const options = ['-o', 'DPkg::Lock::Timeout=300'];
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  await run('apt-get', [...options, 'update', '-q'], { env });
  await run('apt-get', [...options, 'install', '-y', '-q', '--no-install-recommends', ...missing], { env });
}
