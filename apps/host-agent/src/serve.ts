import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Cleanup, type StopMode, WrennError } from '@wrenn/core';
import type { RunningService, ServiceContext } from '@wrenn/service';
import { Admission } from './capsules/admission.ts';
import { type CapsuleContext, capsuleLocks } from './capsules/capsules.ts';
import { expireCapsules } from './capsules/expire-capsules.ts';
import { pauseAll } from './capsules/pause-all.ts';
import { recoverCapsules } from './capsules/recover-capsules.ts';
import { CgroupHost } from './cgroup/cgroup-host.ts';
import type { AgentConfig } from './config.ts';
import { openEngine } from './engine/open-engine.ts';
import { findImages } from './images/images.ts';
import { Journal } from './journal/journal.ts';
import { MetadataService } from './metadata-service/metadata-service.ts';
import { DnsForwarder } from './network/dns-forwarder.ts';
import { SlotPool } from './network/slot-pool.ts';
import { serveRpc } from './rpc/rpc-server.ts';
import { SnapshotStore } from './snapshots/snapshot-store.ts';
import { TemplateStore } from './templates/template-store.ts';
import { agentVersion } from './version.ts';

/** The template and shape that a capsule has when nothing else is asked for: built before the first one asks. */
const usualTemplate = { name: 'minimal', shape: { vcpus: 1, memoryMiB: 512 } };

/** Wires the agent: every part is made here, in the order of need, and released in reverse. */
export async function serve(
  config: AgentConfig,
  { log, report, signal }: ServiceContext,
): Promise<RunningService> {
  const stopping = new AbortController();
  const untilStop = AbortSignal.any([signal, stopping.signal]);
  const cleanup = new Cleanup();
  try {
    // Reachable, but not readable: each VMM has to get to its own directory below.
    await mkdir(config.directory, { recursive: true, mode: 0o711 });
    const images = await findImages({ cacheDirectory: config.cacheDirectory, report, signal: untilStop });
    const engine = await openEngine(config, images, log, untilStop);
    const journal = await Journal.open(join(config.directory, 'capsules'));
    const cgroups = await CgroupHost.detect(String(config.slotFirst));
    await cleanup.add('cgroups', () => cgroups.close());
    const range = { first: config.slotFirst, count: config.slotCount };
    const slots = await SlotPool.open({ range, ready: config.slotsReady, log, signal: untilStop });
    await cleanup.add('network slots', () => slots.close());
    const dns = await DnsForwarder.open({ address: slots.serviceAddress, log });
    await cleanup.add('DNS forwarder', () => dns.close());
    const metadata = await MetadataService.open({ address: slots.serviceAddress, log });
    await cleanup.add('metadata service', () => metadata.close());
    const parts = { engine, images, slots, cgroups, metadata };
    const templates = await TemplateStore.open(join(config.directory, 'templates'), parts, report, untilStop);
    const snapshots = await SnapshotStore.open({
      directory: join(config.directory, 'snapshots'),
      templatesDirectory: join(config.directory, 'templates'),
      diskSuffix: engine.disks.suffix,
      log,
    });
    const context: CapsuleContext = {
      ...parts,
      snapshots,
      admission: new Admission(),
      log,
      journal,
      templates,
      agentVersion,
      capsules: new Map(),
      locks: capsuleLocks(),
    };

    const recovery = await recoverCapsules(context, untilStop);
    log.info(recovery, 'recovered');
    await templates.ensure(usualTemplate.name, usualTemplate.shape);
    const expiring = expireCapsules(context, stopping.signal);
    await cleanup.add('expiry', async () => {
      stopping.abort();
      await expiring;
    });
    const server = await serveRpc(context, {
      listenAddress: config.listenAddress,
      pkiDirectory: join(config.directory, 'pki'),
      signal: stopping.signal,
    });

    return {
      facts: {
        address: server.address,
        engine: engine.traits.name,
        isolation: engine.traits.isolation,
        adopted: String(recovery.adopted.length),
      },
      async stop(mode: StopMode) {
        if (mode === 'pause') context.admission.drain();
        stopping.abort(new WrennError('cancelled', 'the host agent is stopping'));
        await server.close();
        await expiring;
        // What was under way undoes itself now, and needs the parts that are released below.
        await context.locks.idle();
        const note = (text: string) => report({ kind: 'note', step: 'capsules', text });
        // Bounded by itself, and by the supervisor's patience.
        if (mode === 'pause') await pauseAll(context, note, new AbortController().signal);
        await cleanup.release();
      },
    };
  } catch (thrown) {
    stopping.abort();
    await cleanup.release();
    throw thrown;
  }
}
