import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { deadline, describeError, Secret } from '@wrenn/core';
import type { Draft, DraftFacts } from '../snapshots/draft.ts';
import { asDiskId, type DiskId } from '../snapshots/snapshot-store.ts';
import type { RunningCapsule } from './capsule.ts';
import type { CapsuleContext } from './capsules.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Of a guest that a capture stopped, until it goes on; a fault of the caller must not keep it from that. */
const goOnDeadlineMs = 30_000;

/**
 * Asks the guest to stand still in an orderly way: no idle connections, no half-done forwarding, users' processes
 * frozen, so that none runs in a restored guest before its clock and identity are right. A guest that cannot (it hangs, or has
 * no memory left) is captured as it stands: its state is whole all the same, and its user must be able to pause it.
 */
export async function quiesce(
  context: CapsuleContext,
  { id, record, guest }: RunningCapsule,
  signal: AbortSignal,
): Promise<void> {
  try {
    await guest.prepare(new Secret(record.hostSecret), signal);
  } catch (thrown) {
    signal.throwIfAborted();
    context.log.warn({ capsule: id, cause: describeError(thrown) }, 'the guest was not ready to be captured');
  }
}

/** Stops the guest and writes its registers, devices and memory. Returns with the guest standing still. */
export async function captureMachine(
  capsule: RunningCapsule,
  draft: Draft,
  watch: Stopwatch,
  signal: AbortSignal,
): Promise<{ readonly memoryBytes: number }> {
  const { machine, parent, record } = capsule;
  await watch.time('stop', () => machine.stop(signal));
  await watch.time('devices', () => saveState(capsule, draft, signal));
  const pages = { runs: machine.writtenPages(signal), unwritten: machine.unwritten };
  const { bytes } = await watch.time('memory', () =>
    draft.writeMemory(pages, parent?.snapshot, record.memoryMiB, signal),
  );
  if (machine.workingSet !== undefined) await draft.noteWorkingSet(machine.workingSet);
  return { memoryBytes: bytes };
}

async function saveState({ machine }: RunningCapsule, draft: Draft, signal: AbortSignal): Promise<void> {
  // Beside the control socket, where the machine's own user may write.
  const path = join(dirname(machine.record.controlSocket), 'saved-state');
  try {
    await machine.saveState(path, signal);
    await draft.writeDeviceState(path);
  } finally {
    await rm(path, { force: true });
  }
}

/** Lets a guest that was stopped or prepared go on as if nothing had been. Logs what fails: the caller has a fault of its own. */
export async function goOn(context: CapsuleContext, capsule: RunningCapsule): Promise<void> {
  using limit = deadline(goOnDeadlineMs, `letting capsule ${capsule.id} go on`);
  try {
    await capsule.machine.go(limit);
    await capsule.guest.continue(new Secret(capsule.record.hostSecret), limit);
  } catch (thrown) {
    context.log.error({ capsule: capsule.id, cause: describeError(thrown) }, 'letting a capsule go on');
  }
}

/** What its snapshot says of a capsule beside what the draft measures. */
export function factsOf(context: CapsuleContext, { record, parent, machine }: RunningCapsule): DraftFacts {
  const { traits } = context.engine;
  const { metadata } = record;
  return {
    parents: parent === undefined ? [record.templateKey] : [parent.snapshot.id, record.templateKey],
    engine: traits.name,
    engineBuild: machine.build,
    isolation: traits.isolation,
    cpu: traits.cpu,
    kernelVersion: metadata['kernel_version'] ?? '',
    envdVersion: metadata['envd_version'] ?? '',
    agentVersion: context.agentVersion,
    vcpus: record.vcpus,
    memoryMiB: record.memoryMiB,
    template: { key: record.templateKey, name: record.template },
    guest: {
      capsuleId: record.capsuleId,
      templateId: record.templateId,
      hostSecret: record.hostSecret,
      defaultUser: record.defaultUser,
      defaultEnv: record.defaultEnv,
      defaultWorkdir: record.defaultWorkdir,
    },
  };
}

/** All disks of a capsule above its template's, from the lowest to the one that its machine writes to. */
export function disksOf({ record, parent }: Pick<RunningCapsule, 'record' | 'parent'>): DiskId[] {
  const below = record.below ?? parent?.snapshot.manifest.disks.map(({ id }) => id) ?? [];
  return [...below, ...record.disks].map(asDiskId);
}
