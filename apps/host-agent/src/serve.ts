import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapsuleId, Cleanup, describeError, type StopMode, WrennError } from '@wrenn/core';
import type { Logger, RunningService, ServiceContext } from '@wrenn/service';
import { type CapsuleContext, capsuleLocks } from './capsules/capsules.ts';
import { destroyCapsule } from './capsules/destroy-capsule.ts';
import { recoverCapsules } from './capsules/recover-capsules.ts';
import { CgroupHost } from './cgroup/cgroup-host.ts';
import type { AgentConfig } from './config.ts';
import { QemuEngine } from './engine/qemu/qemu-engine.ts';
import { findImages } from './images/images.ts';
import { Journal } from './journal/journal.ts';
import { MetadataService } from './metadata-service/metadata-service.ts';
import { DnsForwarder } from './network/dns-forwarder.ts';
import { SlotPool } from './network/slot-pool.ts';
import { serveRpc } from './rpc/rpc-server.ts';
import { probeKvm } from './setup/probe-kvm.ts';
import { TemplateStore } from './templates/template-store.ts';
import { agentVersion } from './version.ts';

/** The template and shape that a capsule has when nothing else is asked for: built before the first one asks. */
const usualTemplate = { name: 'minimal', shape: { vcpus: 1, memoryMiB: 512 } };

/** How many capsules are ended at once when the agent stops with them. */
const endingAtOnce = 8;

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
    const hasKvm = await probeKvm({ images, cacheDirectory: config.cacheDirectory, signal: untilStop });
    const engine = await QemuEngine.open(hasKvm ? 'kvm' : 'emulated', untilStop);
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
    const context: CapsuleContext = {
      ...parts,
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
        stopping.abort(new WrennError('cancelled', 'the host agent is stopping'));
        await server.close();
        // What was under way undoes itself now, and needs the parts that are released below.
        await context.locks.idle();
        if (mode === 'end')
          await endCapsules(context, (text) => report({ kind: 'note', step: 'capsules', text }));
        await cleanup.release();
      },
    };
  } catch (thrown) {
    stopping.abort();
    await cleanup.release();
    throw thrown;
  }
}

/** Ends every capsule, some at a time; one that cannot be ended is logged and left to the next start. */
async function endCapsules(context: CapsuleContext, note: (text: string) => void): Promise<void> {
  const waiting = [...context.capsules.keys()];
  if (waiting.length > 0) note(`ending ${waiting.length} running capsule${waiting.length === 1 ? '' : 's'}`);
  const worker = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await endOne(context, id, context.log);
  };
  await Promise.all(Array.from({ length: endingAtOnce }, worker));
}

async function endOne(context: CapsuleContext, id: CapsuleId, log: Logger): Promise<void> {
  try {
    await destroyCapsule(context, id, AbortSignal.timeout(30_000));
  } catch (thrown) {
    log.error({ capsule: id, cause: describeError(thrown) }, 'ending a capsule');
  }
}
