import { WrennError } from '@wrenn/core';
import type { Logger } from '@wrenn/service';
import type { AgentConfig } from '../config.ts';
import type { ImageSet } from '../images/image-set.ts';
import { probeKvm } from '../setup/probe-kvm.ts';
import type { Engine } from './engine.ts';
import { findBuilds } from './firecracker/builds.ts';
import { FirecrackerEngine } from './firecracker/firecracker-engine.ts';
import { QemuEngine } from './qemu/qemu-engine.ts';

type EngineConfig = Pick<
  AgentConfig,
  'cacheDirectory' | 'directory' | 'engine' | 'firecrackerDirectory' | 'firecrackerConsole'
>;

/** The engine that this machine is to run capsules with; `missing_prerequisite` for one that it cannot run. */
export async function openEngine(
  config: EngineConfig,
  images: ImageSet,
  log: Logger,
  signal: AbortSignal,
): Promise<Engine> {
  const hasKvm = await probeKvm({ images, cacheDirectory: config.cacheDirectory, signal });
  const builds = await findBuilds(config.firecrackerDirectory, signal);
  for (const { directory, why } of builds.unusable) log.warn({ directory, why }, 'a build of Firecracker');
  const [first, ...more] = builds.usable;
  if (config.engine === 'qemu' || (config.engine === 'auto' && (first === undefined || !hasKvm)))
    return await QemuEngine.open(hasKvm ? 'kvm' : 'emulated', signal);
  if (first === undefined) {
    throw new WrennError(
      'missing_prerequisite',
      `there is no build of Firecracker in ${config.firecrackerDirectory}`,
      {
        field: 'WRENN_FIRECRACKER_DIR',
        remedy: 'put firecracker and jailer into a folder there, or set WRENN_ENGINE to qemu',
      },
    );
  }
  if (!hasKvm) {
    throw new WrennError(
      'missing_prerequisite',
      'Firecracker needs KVM, and this machine runs no guest with it',
      {
        field: 'WRENN_ENGINE',
        remedy: 'use a machine with hardware virtualisation, or set WRENN_ENGINE to qemu',
      },
    );
  }
  const settings = { builds: [first, ...more], console: config.firecrackerConsole, log } as const;
  return await FirecrackerEngine.open(settings, config.directory, signal);
}
