import type { ServiceImpl } from '@connectrpc/connect';
import { parseId } from '@wrenn/core';
import type { HostAgentService } from '@wrenn/protocol/hostagent';
import type { RunningCapsule } from '../capsules/capsule.ts';
import type { CapsuleContext } from '../capsules/capsules.ts';
import { type Child, forkCapsule } from '../capsules/fork-capsule.ts';
import { pauseAll } from '../capsules/pause-all.ts';
import { pauseCapsule } from '../capsules/pause-capsule.ts';
import { pingCapsule } from '../capsules/ping-capsule.ts';
import { resumeCapsule } from '../capsules/resume-capsule.ts';
import { deleteSnapshot, snapshotCapsule } from '../capsules/snapshot-capsule.ts';
import type { InitReceipt } from '../guest/guest-client.ts';
import type { Snapshot } from '../snapshots/snapshot-store.ts';
import { forkOptions } from './requests.ts';

/** Calls that this part answers; `Pick` keeps the whole honest about which are missing. */
type StateCalls =
  | 'pauseSandbox'
  | 'resumeSandbox'
  | 'pingSandbox'
  | 'snapshotSandbox'
  | 'forkSandbox'
  | 'deleteSnapshot'
  | 'listSnapshots'
  | 'drain';

/**
 * The calls that keep, copy and bring back the state of capsules. None ends with the call: a caller that goes away
 * finds the operation done or not done, never half.
 */
export function stateService(
  context: CapsuleContext,
  stopping: AbortSignal,
): Pick<ServiceImpl<typeof HostAgentService>, StateCalls> {
  return {
    async pauseSandbox({ sandboxId }) {
      const id = parseId('capsule', sandboxId, 'sandbox_id');
      const { steps, stillMs, memoryBytes, diskBytes } = await pauseCapsule(context, id, 'caller', stopping);
      return {
        steps: [...steps],
        stillMs,
        memoryBytes: BigInt(memoryBytes),
        diskBytes: BigInt(diskBytes),
      };
    },

    async resumeSandbox({ sandboxId, timeoutSec }) {
      const id = parseId('capsule', sandboxId, 'sandbox_id');
      const changes = timeoutSec === undefined ? {} : { timeoutSec };
      const { capsule, steps, receipt } = await resumeCapsule(context, id, changes, stopping);
      return { ...machineFacts(capsule, receipt), steps: [...steps] };
    },

    pingSandbox({ sandboxId }) {
      pingCapsule(context, parseId('capsule', sandboxId, 'sandbox_id'));
      return {};
    },

    async snapshotSandbox({ sandboxId, snapshotId }) {
      const { snapshot, steps, stillMs } = await snapshotCapsule(
        context,
        parseId('capsule', sandboxId, 'sandbox_id'),
        parseId('snapshot', snapshotId, 'snapshot_id'),
        stopping,
      );
      return { snapshot: snapshotInfo(context, snapshot), steps: [...steps], stillMs };
    },

    async forkSandbox(request) {
      const { id, children } = forkOptions(request);
      const fork = await forkCapsule(context, id, children, stopping);
      return { children: fork.children.map(childInfo), steps: [...fork.steps], stillMs: fork.stillMs };
    },

    async deleteSnapshot({ snapshotId }) {
      await deleteSnapshot(context, parseId('snapshot', snapshotId, 'snapshot_id'));
      return {};
    },

    listSnapshots() {
      return { snapshots: context.snapshots.listed().map((snapshot) => snapshotInfo(context, snapshot)) };
    },

    async drain() {
      context.admission.drain();
      const { paused, failed } = await pauseAll(context, () => undefined, stopping);
      return { paused, failedSandboxIds: failed };
    },
  };
}

/** What a started machine says of itself. */
export function machineFacts(capsule: RunningCapsule, receipt: InitReceipt | undefined) {
  return {
    hostIp: capsule.slot.hostAddress,
    metadata: capsule.record.metadata,
    receipt: receipt === undefined ? '' : JSON.stringify(receipt),
  };
}

function childInfo(child: Child) {
  if (child.kind === 'started')
    return { sandboxId: child.capsule.id, ...machineFacts(child.capsule, child.receipt) };
  return { sandboxId: child.id, errorCode: child.error.code, error: child.error.message };
}

function snapshotInfo(context: CapsuleContext, snapshot: Snapshot) {
  const { manifest } = snapshot;
  return {
    snapshotId: snapshot.id,
    vcpus: manifest.vcpus,
    memoryMb: manifest.memoryMiB,
    sizeBytes: BigInt(context.snapshots.sizeOf(snapshot)),
    createdAtUnix: BigInt(Math.floor(manifest.createdAtMs / 1000)),
    metadata: {
      kernel_version: manifest.kernelVersion,
      vmm_version: manifest.engineBuild,
      agent_version: manifest.agentVersion,
      envd_version: manifest.envdVersion,
      engine: manifest.engine,
      isolation: manifest.isolation,
    },
  };
}
