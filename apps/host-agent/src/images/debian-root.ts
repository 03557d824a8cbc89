import { WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';
import { findProgram } from '../setup/find-program.ts';

export interface DebianRoot {
  readonly suite: string;
  /** `unpacked`: files only, for taking parts out of; `installed`: configured, for running. */
  readonly kind: 'unpacked' | 'installed';
  readonly packages: readonly string[];
  /** Options for dpkg, which stay in the new root. */
  readonly dpkgOptions?: readonly string[];
}

const timeoutMs = 15 * 60_000;
const variants = { unpacked: 'extract', installed: 'minbase' } as const;

/**
 * Runs a program in a PID namespace that ends with this process, however that ends: else a build whose builder was
 * killed would go on writing into a directory that the next builder removes.
 */
const endsWithUs = [
  ...(['setpriv', '--pdeathsig', 'KILL', '--'] as const),
  ...['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', '--'],
] as const;

/**
 * Makes a Debian root directory at `into` from Debian's mirror, whatever distribution this machine runs. It needs
 * root and leaves nothing mounted. Throws `agent_error` with mmdebstrap's words as its cause, and
 * `missing_prerequisite` where mmdebstrap is not installed.
 */
export async function makeDebianRoot(root: DebianRoot, into: string, signal: AbortSignal): Promise<void> {
  const program = await findProgram('mmdebstrap');
  if (program === undefined) {
    throw new WrennError('missing_prerequisite', 'the program mmdebstrap is not installed', {
      remedy: 'apt-get install mmdebstrap',
    });
  }
  const options = [
    ...['--mode=root', '--format=directory', `--variant=${variants[root.kind]}`],
    `--include=${root.packages.join(',')}`,
    ...(root.dpkgOptions ?? []).map((option) => `--dpkgopt=${option}`),
  ];
  try {
    await run([...endsWithUs, program, ...options, root.suite, into], { signal, timeoutMs });
  } catch (thrown) {
    if (!(thrown instanceof WrennError) || thrown.code !== 'agent_error') throw thrown;
    throw new WrennError(
      'agent_error',
      `packages of Debian ${root.suite} could not be fetched and unpacked`,
      {
        cause: thrown,
        remedy:
          'make sure that this machine reaches deb.debian.org and security.debian.org, then start again',
      },
    );
  }
}
