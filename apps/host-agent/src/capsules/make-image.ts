import { type CapsuleId, Cleanup, deadline, type ImageId, Secret } from '@wrenn/core';
import type { RootImage } from '../root-images/root-image.ts';
import type { DiskId } from '../snapshots/snapshot-store.ts';
import type { RunningCapsule } from './capsule.ts';
import { type CapsuleContext, requireRunning } from './capsules.ts';
import { sealDisks } from './seal-disks.ts';
import { captureDeadlineMs } from './snapshot-capsule.ts';
import { Stopwatch, type TimedStep } from './stopwatch.ts';
import { whileStill } from './while-still.ts';

export interface MadeImage {
  readonly image: RootImage;
  readonly steps: readonly TimedStep[];
  /** 0 for one that was there already. */
  readonly stillMs: number;
}

/**
 * Makes a root file system of a running capsule's disk; the capsule goes on, on a new disk. Durable when it returns.
 * Asking again with the same ID returns the one that was made. A fault leaves nothing of it.
 */
export function makeImage(
  context: CapsuleContext,
  id: CapsuleId,
  imageId: ImageId,
  signal: AbortSignal,
): Promise<MadeImage> {
  return context.locks.hold(id, signal, async () => {
    const made = context.rootImages.listed().find((image) => image.id === imageId);
    if (made !== undefined) return { image: made, steps: [], stillMs: 0 };
    const capsule = requireRunning(context, id);
    using limit = deadline(captureDeadlineMs, `making an image of capsule ${id}`, signal);
    const watch = new Stopwatch('image');
    await using draft = await context.rootImages.begin(imageId);
    // A copy of its disk, where one is made, is of no use once it is in the image.
    await using copies = new Cleanup();
    let sealed: readonly DiskId[] = [];
    const copying = {
      id: imageId,
      prepare: () => prepareDisk(capsule, limit),
      copy: async () => {
        await watch.time('stop', () => capsule.machine.stop(limit));
        sealed = await watch.time('disk', () => sealDisks(context, capsule, copies, limit));
      },
    };
    const stillMs = await whileStill(context, capsule, copying, watch, limit);
    await watch.time('flatten', () => flatten(context, capsule, sealed, draft.disk, limit));
    const image = await watch.time('durable', () => draft.publish(limit));
    return { image, steps: watch.steps, stillMs };
  });
}

/**
 * What is only in the guest's memory is not in the image: nobody writes any more, and then all of it is written back. A
 * guest that cannot is no source of an image, unlike one of a snapshot, whose memory is kept.
 */
async function prepareDisk({ guest, record }: RunningCapsule, signal: AbortSignal): Promise<void> {
  const hostSecret = new Secret(record.hostSecret);
  await guest.prepare(hostSecret, signal);
  await guest.syncDisk(hostSecret, signal);
}

async function flatten(
  { engine, snapshots, templates }: CapsuleContext,
  { record, slot }: RunningCapsule,
  disks: readonly DiskId[],
  destination: string,
  signal: AbortSignal,
): Promise<void> {
  await engine.disks.flatten({
    chain: disks.map((id) => snapshots.diskPath(id)),
    base: templates.diskOf(record.templateKey),
    destination,
    reader: slot,
    signal,
  });
}
