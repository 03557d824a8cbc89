import type { ServiceImpl } from '@connectrpc/connect';
import { parseId } from '@wrenn/core';
import type { HostAgentService } from '@wrenn/protocol/hostagent';
import type { Capsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { createCapsule } from '../capsules/create-capsule.ts';
import { destroyCapsule } from '../capsules/destroy-capsule.ts';
import { describeHost } from '../host/describe-host.ts';
import { fileService } from './file-service.ts';
import { imageService } from './image-service.ts';
import { metricsService } from './metrics-service.ts';
import { processService } from './process-service.ts';
import { createOptions } from './requests.ts';
import { machineFacts, stateService } from './state-service.ts';

/** Changes at each start, so that the control plane knows that what it remembers of this agent is over. */
const epoch = crypto.randomUUID();

/** What calls are answered from beside the host's parts. */
export interface ServedBeside {
  readonly relay: { readonly port: number | undefined };
  /** Of the metrics of capsules. */
  readonly sampledEverySec: number;
}

/** The control plane's calls, each handed to the operation that does it. `stopping` ends them with the agent. */
export function capsuleService(
  context: CapsuleContext,
  { relay, sampledEverySec }: ServedBeside,
  stopping: AbortSignal,
): ServiceImpl<typeof HostAgentService> {
  return {
    async createSandbox(request) {
      // Not the call's own signal: a caller that goes away must find the capsule or nothing, not half of one.
      const { capsule, steps, receipt } = await createCapsule(context, createOptions(request), stopping);
      return {
        sandboxId: capsule.id,
        status: 'running',
        ...machineFacts(capsule, receipt),
        steps: [...steps],
      };
    },

    async destroySandbox({ sandboxId }) {
      await destroyCapsule(context, parseId('capsule', sandboxId, 'sandbox_id'), stopping);
      return {};
    },

    ...stateService(context, stopping),

    ...imageService(context, stopping),

    ...processService(context, stopping),

    ...fileService(context, stopping),

    ...metricsService(context, sampledEverySec),

    listSandboxes() {
      const capsules = [...context.capsules.values()];
      const autoPaused = capsules.filter(
        ({ kind, record }) => kind === 'paused' && record.pausedBy === 'host',
      );
      return {
        sandboxes: capsules.map(sandboxInfo),
        autoPausedSandboxIds: autoPaused.map(({ id }) => id),
        epoch,
      };
    },

    async getHost() {
      return { ...(await describeHost(context)), relayPort: relay.port ?? 0 };
    },
  };
}

function statusOf({ kind, record }: Capsule): 'running' | 'starting' | 'paused' | 'error' {
  switch (kind) {
    case 'running':
      return 'running';
    case 'paused':
      return record.phase === 'resuming' ? 'starting' : 'paused';
    case 'failed':
      return 'error';
  }
}

function sandboxInfo(capsule: Capsule) {
  const { record } = capsule;
  const lastActiveAtMs = capsule.kind === 'running' ? capsule.activity.lastActiveAtMs : record.lastActiveAtMs;
  return {
    sandboxId: capsule.id,
    status: statusOf(capsule),
    template: record.template,
    vcpus: record.vcpus,
    memoryMb: record.memoryMiB,
    hostIp: capsule.kind === 'running' ? capsule.slot.hostAddress : '',
    createdAtUnix: BigInt(Math.floor(record.createdAtMs / 1000)),
    lastActiveAtUnix: BigInt(Math.floor(lastActiveAtMs / 1000)),
    timeoutSec: record.timeoutSec,
    teamId: record.teamId,
    templateId: record.templateId,
    metadata: record.metadata,
  };
}
