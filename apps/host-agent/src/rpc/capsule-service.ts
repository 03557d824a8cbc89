import type { ServiceImpl } from '@connectrpc/connect';
import { parseId } from '@wrenn/core';
import { type HostAgentService, Outcome } from '@wrenn/protocol/hostagent';
import type { Capsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { createCapsule } from '../capsules/create-capsule.ts';
import { destroyCapsule } from '../capsules/destroy-capsule.ts';
import { type ExecEvent, type ExecOutcome, exec } from '../capsules/exec.ts';
import { collectOutput } from '../capsules/exec-output.ts';
import { describeHost } from '../host/describe-host.ts';
import { createOptions, execOptions } from './requests.ts';
import { machineFacts, stateService } from './state-service.ts';

/** Changes at each start, so that the control plane knows that what it remembers of this agent is over. */
const epoch = crypto.randomUUID();

const outcomes: Record<ExecOutcome, Outcome> = {
  exited: Outcome.EXITED,
  killed: Outcome.KILLED,
  timed_out: Outcome.TIMED_OUT,
  lost: Outcome.LOST,
};

/** The control plane's calls, each handed to the operation that does it. `stopping` ends them with the agent. */
export function capsuleService(
  context: CapsuleContext,
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

    async exec(request, call) {
      const { id, options, capBytes } = execOptions(request);
      const signal = AbortSignal.any([call.signal, stopping]);
      const { outcome, ...rest } = await collectOutput(exec(context, id, options, signal), capBytes);
      return { ...rest, outcome: outcomes[outcome] };
    },

    async *execStream(request, call) {
      const { id, options } = execOptions(request);
      const signal = AbortSignal.any([call.signal, stopping]);
      for await (const event of exec(context, id, options, signal)) yield execResponse(event);
    },

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

    getHost() {
      return describeHost(context);
    },
  };
}

function execResponse(event: ExecEvent) {
  switch (event.kind) {
    case 'start':
      return { event: { case: 'start', value: { pid: event.pid } } } as const;
    case 'stdout':
      return { event: { case: 'data', value: { output: { case: 'stdout', value: event.data } } } } as const;
    case 'stderr':
      return { event: { case: 'data', value: { output: { case: 'stderr', value: event.data } } } } as const;
    case 'end': {
      const { exitCode, error } = event;
      return {
        event: { case: 'end', value: { exitCode, error, outcome: outcomes[event.outcome] } },
      } as const;
    }
  }
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
