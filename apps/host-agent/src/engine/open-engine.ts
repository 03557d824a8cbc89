import type { Logger } from '@wrenn/service';
import type { AgentConfig } from '../config.ts';
import type { ImageSet } from '../images/image-set.ts';
import { probeKvm } from '../setup/probe-kvm.ts';
import type { Engine } from './engine.ts';
import { QemuEngine } from './qemu/qemu-engine.ts';

/** The engine that this machine has. */
export async function openEngine(
  { cacheDirectory }: Pick<AgentConfig, 'cacheDirectory'>,
  images: ImageSet,
  _log: Logger,
  signal: AbortSignal,
): Promise<Engine> {
  const hasKvm = await probeKvm({ images, cacheDirectory, signal });
  return await QemuEngine.open(hasKvm ? 'kvm' : 'emulated', signal);
}
