import { join } from 'node:path';
import { Cleanup, type StopMode, WrennError } from '@wrenn/core';
import { MetricsServer, putThisProcessFirst, type RunningService, type ServiceContext } from '@wrenn/service';
import { putBeforeOthers } from '@wrenn/sys';
import { expireCapsules } from './capsules/expire-capsules.ts';
import { pauseAll } from './capsules/pause-all.ts';
import { recoverCapsules } from './capsules/recover-capsules.ts';
import { type AgentConfig, settings, slotsOf } from './config.ts';
import { lookAtHost } from './metrics/look-at-host.ts';
import { agentMetricSets } from './metrics/metrics.ts';
import { sampleCapsules } from './metrics/sample-capsules.ts';
import { openHost } from './open-host.ts';
import { RelayProcess } from './relay/relay-process.ts';
import { serveRpc } from './rpc/rpc-server.ts';
import { agentVersion } from './version.ts';

/** The template and shape that a capsule has when nothing else is asked for: built before the first one asks. */
const usualTemplate = { name: 'minimal', shape: { vcpus: 1, memoryMiB: 512 } };

/** Runs the agent: its parts, its RPC and what it does by itself; all is released in reverse. */
export async function serve(
  config: AgentConfig,
  { log, report, signal }: ServiceContext,
): Promise<RunningService> {
  const stopping = new AbortController();
  const untilStop = AbortSignal.any([signal, stopping.signal]);
  const cleanup = new Cleanup();
  try {
    putThisProcessFirst(log, putBeforeOthers);
    const slots = slotsOf(config);
    const metrics = await MetricsServer.start({
      name: 'host-agent',
      version: agentVersion,
      address: config.metricsAddress,
      variable: settings.metricsAddress.variable,
      sets: agentMetricSets,
      log,
    });
    await cleanup.add('the metrics', () => metrics[Symbol.asyncDispose]());
    const context = await openHost({ ...config, slots }, { log, report, signal: untilStop }, cleanup);
    const { engine, templates } = context;
    const looks = lookAtHost(context);
    await cleanup.add('looks at the host', () => looks[Symbol.dispose]());

    const recovery = await recoverCapsules(context, untilStop);
    context.traffic.complete();
    log.info(recovery, 'recovered');
    await templates.ensure(usualTemplate.name, usualTemplate.shape);
    const expiring = expireCapsules(context, stopping.signal);
    await cleanup.add('expiry', async () => {
      stopping.abort();
      await expiring;
    });
    const sampling = sampleCapsules(context, config.metricsIntervalSec * 1000, stopping.signal);
    await cleanup.add('samples of capsules', async () => {
      stopping.abort();
      await sampling;
    });
    const relay = await RelayProcess.start(log, untilStop);
    await cleanup.add('the relay', () => relay.close());
    const server = await serveRpc(context, {
      relay,
      sampledEverySec: config.metricsIntervalSec,
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
        ...metrics.facts,
      },
      async stop(mode: StopMode) {
        if (mode === 'pause') context.admission.drain();
        stopping.abort(new WrennError('cancelled', 'the host agent is stopping'));
        await server.close();
        await expiring;
        await sampling;
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
