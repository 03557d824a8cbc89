import type { ServiceContext } from '@wrenn/service';
import type { AgentConfig } from './config.ts';
import { ensureImages } from './images/images.ts';
import { installPackages } from './setup/install-packages.ts';
import { checkPrerequisites } from './setup/prerequisites.ts';
import { probeKvm } from './setup/probe-kvm.ts';

/** Makes a bare machine able to run capsules: packages, images, and whether it has usable KVM. */
export async function setUp(
  config: AgentConfig,
  { report, signal }: ServiceContext,
): Promise<Record<string, string>> {
  const { cacheDirectory } = config;
  await checkPrerequisites({ ...config, signal });
  await installPackages({ report, signal });
  const images = await ensureImages({ cacheDirectory, report, signal });
  const hasKvm = await probeKvm({ images, cacheDirectory, signal });
  return {
    isolation: hasKvm ? 'kvm' : 'emulated',
    kernel: images.kernel.version,
    envd: images.runtime.envdVersion,
  };
}
