import { WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';

/** Debian packages that the host-agent runs programs of, and those that image builds need. */
const hostPackages = [
  'binutils',
  'ca-certificates',
  'conntrack',
  'debian-archive-keyring',
  'dmsetup',
  'e2fsprogs',
  'iproute2',
  'lz4',
  'mmdebstrap',
  'mount',
  'nftables',
  'qemu-system-x86',
  'qemu-utils',
  'util-linux',
] as const;

const timeoutMs = 30_000;

/** Those of the packages that are not installed whole. Throws `missing_prerequisite` on a machine without dpkg. */
export async function missingPackages(signal: AbortSignal): Promise<string[]> {
  const installed = parseInstalled(await listPackages(signal));
  return hostPackages.filter((name) => !installed.has(name));
}

async function listPackages(signal: AbortSignal): Promise<string> {
  try {
    const format = `\${db:Status-Abbrev}\t\${Package}\t\${Provides}\n`;
    return (await run(['dpkg-query', '--show', '--showformat', format], { signal, timeoutMs })).stdout;
  } catch (thrown) {
    if (!(thrown instanceof WrennError) || thrown.code !== 'missing_prerequisite') throw thrown;
    throw new WrennError('missing_prerequisite', 'this machine does not run Debian: there is no dpkg-query', {
      cause: thrown,
      remedy: 'use Debian 12 or a distribution made from it',
    });
  }
}

/** Names of what is installed and configured (`ii `), and of what that provides. */
export function parseInstalled(list: string): Set<string> {
  const names = new Set<string>();
  for (const line of list.split('\n')) {
    const [status, name, provides] = line.split('\t');
    if (!status?.startsWith('ii') && !status?.startsWith('hi')) continue;
    if (name !== undefined) names.add(name);
    for (const provided of provides?.split(',') ?? []) names.add(provided.trim().split(' ')[0] ?? '');
  }
  return names;
}
