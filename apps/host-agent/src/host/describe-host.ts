import { statfs } from 'node:fs/promises';
import { arch, availableParallelism, totalmem } from 'node:os';
import type { CapsuleContext } from '../capsules/capsules.ts';

/** What the control plane needs to know to place capsules here. */
export async function describeHost(context: CapsuleContext) {
  const disk = await statfs(context.journal.directory);
  const { traits } = context.engine;
  return {
    arch: arch() === 'x64' ? 'x86_64' : arch(),
    cpuCores: availableParallelism(),
    memoryMb: Math.floor(totalmem() / 1024 / 1024),
    diskGb: Math.floor((disk.blocks * disk.bsize) / 1024 ** 3),
    engine: traits.name,
    isolation: traits.isolation,
    agentVersion: context.agentVersion,
    templates: context.templates.names,
    vmmVersion: traits.build,
    kernelVersion: context.images.kernel.version,
  };
}
