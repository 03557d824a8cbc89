import { statfs } from 'node:fs/promises';
import { type Report, runStep, WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';
import { missingPackages } from './host-packages.ts';

const timeoutMs = 20 * 60_000;
/** Less than this left on a file system after a failure: the disk being full was the reason. */
const fullDiskBytes = 32 * 1024 * 1024;

/**
 * Installs the Debian packages that this machine lacks, without recommended ones; does nothing when it has them all.
 * A set-up that was interrupted before is finished first. Throws `missing_prerequisite` or `no_space`.
 */
export async function installPackages({
  report,
  signal,
}: {
  readonly report: Report;
  readonly signal: AbortSignal;
}): Promise<void> {
  await runStep(report, 'Debian packages', async (note) => {
    const missing = await missingPackages(signal);
    if (missing.length === 0) return { value: undefined, cached: true };
    if (process.getuid?.() !== 0) {
      throw new WrennError('missing_prerequisite', `packages are missing: ${missing.join(', ')}`, {
        remedy: `run as root, or install them: apt-get install ${missing.join(' ')}`,
      });
    }
    await finishInterrupted(signal);
    note('refreshing the package lists');
    await update(signal);
    note(`installing ${missing.join(', ')}`);
    await install(missing, signal);
    return { value: undefined, cached: false };
  });
}

/** dpkg refuses all work after it was killed half-way, until it is told to go on. */
async function finishInterrupted(signal: AbortSignal): Promise<void> {
  try {
    await debian(['dpkg', '--force-confdef', '--force-confold', '--configure', '--pending'], signal);
  } catch (thrown) {
    throw await explained('finishing an installation that was interrupted', thrown, {
      remedy: 'run dpkg --configure --pending to see why, then start again',
    });
  }
}

async function update(signal: AbortSignal): Promise<void> {
  try {
    await debian(['apt-get', 'update', '-q'], signal);
  } catch (thrown) {
    throw await explained('refreshing the package lists', thrown, {
      remedy:
        'make sure that this machine reaches the mirrors of /etc/apt/sources.list and no other apt runs',
    });
  }
}

async function install(packages: readonly string[], signal: AbortSignal): Promise<void> {
  const options = [
    'DPkg::Lock::Timeout=300',
    'Dpkg::Options::=--force-confdef',
    'Dpkg::Options::=--force-confold',
  ];
  const command = ['apt-get', 'install', '-y', '-q', '--no-install-recommends', '--no-remove'];
  try {
    await debian([...command, ...options.flatMap((option) => ['-o', option]), '--', ...packages], signal);
  } catch (thrown) {
    throw await explained(`installing ${packages.join(', ')}`, thrown, {
      remedy: 'make sure that this machine reaches the mirrors of /etc/apt/sources.list, then start again',
    });
  }
}

/** No package may ask a question: there is nobody to answer. */
async function debian(command: readonly string[], signal: AbortSignal): Promise<void> {
  await run(['env', 'DEBIAN_FRONTEND=noninteractive', ...command], { signal, timeoutMs });
}

/** Says why as far as it can be known without reading messages: the disk is looked at, the rest is quoted. */
async function explained(doing: string, thrown: unknown, { remedy }: { remedy: string }): Promise<unknown> {
  if (!(thrown instanceof WrennError) || thrown.code !== 'agent_error') return thrown;
  for (const path of ['/', '/usr', '/var']) {
    const { bavail, bsize } = await statfs(path);
    if (bavail * bsize < fullDiskBytes) {
      return new WrennError('no_space', `${doing}: the disk that holds ${path} is full`, {
        cause: thrown,
        remedy: 'free 1 GiB there and start again',
      });
    }
  }
  // apt says in several lines what belongs into one.
  const said = thrown.message.replaceAll(/\s+/g, ' ');
  return new WrennError('missing_prerequisite', `${doing}: ${said}`, { cause: thrown, remedy });
}
