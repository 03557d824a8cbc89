import { Secret, type SnapshotId } from '@wrenn/core';
import type { MachineShape, MachineSnapshot } from '../engine/engine.ts';
import { asDiskId, type DiskId, type Hold } from '../snapshots/snapshot-store.ts';
import type { TemplateSnapshot } from '../templates/template-snapshot.ts';
import type { CapsuleContext } from './capsules.ts';

/** Where a machine starts from: a booted template, or a snapshot that lies on one. */
export interface StartPoint {
  readonly templateKey: string;
  readonly shape: MachineShape;
  readonly machine: MachineSnapshot;
  /** What a new disk is made from, see `NewDisk`; the IDs are those above the template's. */
  readonly disk: {
    readonly below: readonly [string, ...string[]];
    readonly ids: readonly DiskId[];
    readonly like: string;
  };
  /** The secret that the guest in it knows. */
  readonly hostSecret: Secret;
  /** Undefined for a template. */
  readonly parent: SnapshotId | undefined;
}

export function startOfTemplate(template: TemplateSnapshot): StartPoint {
  const { vcpus, memoryMiB } = template.manifest;
  return {
    templateKey: template.key,
    shape: { vcpus, memoryMiB },
    machine: {
      build: template.manifest.engineBuild,
      memory: { base: template.memory, changes: [] },
      deviceState: template.deviceState,
      workingSet: undefined,
    },
    disk: { below: [template.disk], ids: [], like: template.emptyDisk },
    hostSecret: template.hostSecret,
    parent: undefined,
  };
}

/** Refuses with `snapshot_refused` what is not whole, or not of this engine and CPU. */
export async function startOfSnapshot(
  context: CapsuleContext,
  { snapshot }: Hold,
  signal: AbortSignal,
): Promise<StartPoint> {
  const { snapshots, templates, engine } = context;
  await snapshots.check(snapshot, engine.traits, signal);
  const { manifest } = snapshot;
  const { key } = manifest.template;
  const ids = manifest.disks.map(({ id }) => asDiskId(id));
  return {
    templateKey: key,
    shape: { vcpus: manifest.vcpus, memoryMiB: manifest.memoryMiB },
    machine: {
      build: manifest.engineBuild,
      memory: await snapshots.memoryOf(snapshot),
      deviceState: snapshots.deviceStateOf(snapshot),
      workingSet: snapshots.workingSetOf(snapshot),
    },
    disk: {
      below: [templates.diskOf(key), ...ids.map((id) => snapshots.diskPath(id))],
      ids,
      like: templates.emptyDiskOf(key),
    },
    hostSecret: new Secret(manifest.guest.hostSecret),
    parent: snapshot.id,
  };
}
