import { statfs } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';

export interface DebianRoot {
  readonly suite: string;
  /** `unpacked`: files only, for taking parts out of; `installed`: configured, for running. */
  readonly kind: 'unpacked' | 'installed';
  readonly packages: readonly string[];
  /** Options for dpkg, which stay in the new root. */
  readonly dpkgOptions?: readonly string[];
}

const timeoutMs = 15 * 60_000;
/** Less than this left after a failure: the disk being full was the reason. */
const fullDiskBytes = 64 * 1024 * 1024;
const variants = { unpacked: 'extract', installed: 'minbase' } as const;

/**
 * Makes a Debian root directory at `into` from Debian's mirror, whatever distribution this machine runs. It needs
 * root and leaves nothing mounted. Throws `no_space`, or `agent_error` with mmdebstrap's words and a remedy.
 */
export async function makeDebianRoot(root: DebianRoot, into: string, signal: AbortSignal): Promise<void> {
  try {
    await run(
      [
        'mmdebstrap',
        '--mode=root',
        '--format=directory',
        `--variant=${variants[root.kind]}`,
        `--include=${root.packages.join(',')}`,
        ...(root.dpkgOptions ?? []).map((option) => `--dpkgopt=${option}`),
        root.suite,
        into,
      ],
      { signal, timeoutMs },
    );
  } catch (thrown) {
    if (!(thrown instanceof WrennError) || thrown.code !== 'agent_error') throw thrown;
    const { bavail, bsize } = await statfs(into);
    if (bavail * bsize < fullDiskBytes) {
      throw new WrennError('no_space', 'making a Debian root: the disk is full', {
        cause: thrown,
        remedy: `free at least 4 GiB where ${into} is, or set WRENN_CACHE_DIR to another disk`,
      });
    }
    throw new WrennError('agent_error', `making a Debian root: ${thrown.message}`, {
      cause: thrown,
      remedy: 'make sure that this machine reaches deb.debian.org and security.debian.org, then start again',
    });
  }
}
