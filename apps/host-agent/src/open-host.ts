import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cleanup } from '@wrenn/core';
import { trafficSocket } from '@wrenn/forward';
import type { ServiceContext } from '@wrenn/service';
import { Admission } from './capsules/admission.ts';
import { type CapsuleContext, capsuleLocks } from './capsules/capsules.ts';
import { CgroupHost } from './cgroup/cgroup-host.ts';
import type { AgentConfig } from './config.ts';
import { openEngine } from './engine/open-engine.ts';
import { findImages } from './images/images.ts';
import { Journal } from './journal/journal.ts';
import { MetadataService } from './metadata-service/metadata-service.ts';
import { Histories } from './metrics/histories.ts';
import { DnsForwarder } from './network/dns-forwarder.ts';
import { SlotPool } from './network/slot-pool.ts';
import type { SlotRange } from './network/slot-range.ts';
import { RootImages } from './root-images/root-images.ts';
import { SnapshotStore } from './snapshots/snapshot-store.ts';
import { TemplateStore } from './templates/template-store.ts';
import { TrafficCatalog } from './traffic/traffic-catalog.ts';
import { agentVersion } from './version.ts';

export type HostConfig = Pick<
  AgentConfig,
  'cacheDirectory' | 'directory' | 'engine' | 'firecrackerDirectory' | 'firecrackerConsole' | 'slotsReady'
> & { readonly slots: SlotRange };

/**
 * Everything that capsules run with, made in the order of need. What is to be released is added to `cleanup`, also when a
 * later part cannot be made. What earlier agents left is not looked at yet: that is for `recoverCapsules`.
 */
export async function openHost(
  config: HostConfig,
  { log, report, signal }: ServiceContext,
  cleanup: Cleanup,
): Promise<CapsuleContext> {
  // Reachable, but not readable: each VMM has to get to its own directory below.
  await mkdir(config.directory, { recursive: true, mode: 0o711 });
  const images = await findImages({ cacheDirectory: config.cacheDirectory, report, signal });
  const engine = await openEngine(config, images, log, signal);
  const journal = await Journal.open(join(config.directory, 'capsules'));
  const cgroups = await CgroupHost.detect(String(config.slots.first));
  await cleanup.add('cgroups', () => cgroups.close());
  const slots = await SlotPool.open({ range: config.slots, ready: config.slotsReady, log, signal });
  await cleanup.add('network slots', () => slots.close());
  const dns = await DnsForwarder.open({ address: slots.serviceAddress, log });
  await cleanup.add('DNS forwarder', () => dns.close());
  const metadata = await MetadataService.open({ address: slots.serviceAddress, log });
  await cleanup.add('metadata service', () => metadata.close());
  const rootImages = await RootImages.open(join(config.directory, 'root-images'), log);
  const parts = { engine, images, rootImages, slots, cgroups, metadata };
  const templatesDirectory = join(config.directory, 'templates');
  const templates = await TemplateStore.open(templatesDirectory, parts, report, signal);
  const snapshots = await SnapshotStore.open({
    directory: join(config.directory, 'snapshots'),
    templatesDirectory,
    diskSuffix: engine.disks.suffix,
    log,
  });
  const capsules: CapsuleContext['capsules'] = new Map();
  const traffic = await TrafficCatalog.open({
    path: trafficSocket(config.directory),
    log,
    onUse: (id) => {
      const capsule = capsules.get(id);
      if (capsule?.kind === 'running') capsule.activity.touch();
    },
  });
  await cleanup.add('traffic catalog', () => traffic.close());
  return {
    ...parts,
    snapshots,
    traffic,
    admission: new Admission(),
    log,
    journal,
    metrics: new Histories(journal, log),
    templates,
    agentVersion,
    capsules,
    locks: capsuleLocks(),
  };
}
