import { Secret, type SnapshotId } from '@wrenn/core';
import type { MachineShape, MachineSnapshot } from '../engine/engine.ts';
import type { Hold } from '../snapshots/snapshot-store.ts';
import type { TemplateSnapshot } from '../templates/template-snapshot.ts';
import type { CapsuleContext } from './capsules.ts';

/** Where a machine starts from: a booted template, or a snapshot that lies on one. */
export interface StartPoint {
  readonly templateKey: string;
  readonly shape: MachineShape;
  readonly machine: MachineSnapshot;
  /** What a new disk lies on, and an empty disk of the right size to make it from. */
  readonly disk: { readonly backing: string; readonly like: string };
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
    machine: { memory: { base: template.memory, changes: [] }, deviceState: template.deviceState },
    disk: { backing: template.disk, like: template.emptyDisk },
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
  return {
    templateKey: manifest.template.key,
    shape: { vcpus: manifest.vcpus, memoryMiB: manifest.memoryMiB },
    machine: {
      memory: await snapshots.memoryOf(snapshot),
      deviceState: snapshots.deviceStateOf(snapshot),
    },
    disk: { backing: snapshots.topDisk(snapshot), like: templates.emptyDiskOf(manifest.template.key) },
    hostSecret: new Secret(manifest.guest.hostSecret),
    parent: snapshot.id,
  };
}
