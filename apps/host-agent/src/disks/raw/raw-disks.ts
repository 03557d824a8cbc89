import { stat } from 'node:fs/promises';
import { WrennError } from '@wrenn/core';
import type { Slot } from '../../network/slot.ts';
import type {
  CopiedDisk,
  DiskSealing,
  EngineDisks,
  FlattenOptions,
  MergeOptions,
  NewDisk,
  TemplateDisk,
} from '../engine-disks.ts';
import { cloneFile, copySparse } from './copy-file.ts';
import { DiskStacks, makeStore } from './dm-snapshot.ts';
import { type DiskProbe, probeDiskMethod, type RawMethod, tellsHolesExactly } from './probe.ts';

/** Above all slots: what is attached to be merged is called by such a number. */
const firstMerge = 1_000_000;
const detachMs = 60_000;
const root = { uid: 0, gid: 0 };

/** What a VMM opens as its drive. */
export interface AttachedDisk {
  readonly path: string;
  /** What it is called on the host, where it had to be attached to it. */
  readonly name: string | undefined;
  detach(): Promise<void>;
}

/**
 * Disks that are as a drive is, byte for byte. Where the file system or the kernel shares what disks have in common a new
 * one takes no time and no space; else it is a copy.
 */
export class RawDisks implements EngineDisks {
  readonly probe: DiskProbe;
  readonly method: RawMethod;
  readonly kind: 'layer' | 'whole';
  readonly suffix: string;
  readonly templateFiles = { disk: 'disk.raw', blank: 'blank.raw' };
  readonly sealing: DiskSealing = { by: 'copy', copy: (disk, signal) => this.#copy(disk, signal) };

  readonly #stacks: DiskStacks;
  #merges = 0;

  private constructor(probe: DiskProbe, stacks: DiskStacks) {
    this.probe = probe;
    this.#stacks = stacks;
    this.method = probe.method;
    this.kind = probe.method === 'dm_snapshot' ? 'layer' : 'whole';
    this.suffix = probe.method === 'dm_snapshot' ? '.cow' : '.raw';
  }

  /** Finds out how disks are best made in `directory`, in whose file system all of them are. */
  static async open(directory: string, signal: AbortSignal): Promise<RawDisks> {
    if (!(await tellsHolesExactly(directory))) {
      throw new WrennError(
        'missing_prerequisite',
        `the file system of ${directory} does not tell holes of one page, by which written memory is known`,
        { remedy: 'set WRENN_DIR to a folder on ext4, XFS or btrfs with blocks of 4 KiB' },
      );
    }
    return new RawDisks(await probeDiskMethod(directory, signal), new DiskStacks(directory));
  }

  async make({ path, below, owner }: NewDisk, signal: AbortSignal): Promise<void> {
    if (this.method === 'dm_snapshot') await makeStore(path, below[0], owner);
    else await this.#copy({ from: below.at(-1) ?? below[0], to: path, owner }, signal);
  }

  async makeTemplateDisk({ path, image, owner }: TemplateDisk, signal: AbortSignal): Promise<void> {
    await this.#copy({ from: image, to: path, owner }, signal);
  }

  /** A new disk is made from the template's own. */
  async finishTemplate(): Promise<readonly string[]> {
    return [];
  }

  /** All that is read through the chain, as one image. */
  async merge({ chain, base, destination, signal }: MergeOptions): Promise<void> {
    const name = this.#stacks.nameOf(firstMerge + this.#merges++);
    const device = await this.#stacks.attach(name, [base, ...chain], root, signal);
    try {
      const { size } = await stat(base);
      await copySparse({ from: device, to: destination, owner: root }, signal, size);
    } finally {
      await this.#stacks.detach(name, AbortSignal.timeout(detachMs));
    }
  }

  async flatten({ chain, base, destination, signal }: FlattenOptions): Promise<void> {
    if (this.kind === 'layer') return await this.merge({ chain, base, destination, signal });
    await this.#copy({ from: chain.at(-1) ?? base, to: destination, owner: root }, signal);
  }

  /** Makes of a disk and those beneath it what a VMM in the slot can open. */
  async attach(
    disks: readonly [string, ...string[]],
    slot: Slot,
    signal: AbortSignal,
  ): Promise<AttachedDisk> {
    if (this.kind === 'whole' || disks.length === 1)
      return { path: disks.at(-1) ?? disks[0], name: undefined, detach: async () => undefined };
    const name = this.#stacks.nameOf(slot.index);
    const path = await this.#stacks.attach(name, disks, slot, signal);
    return { path, name, detach: () => this.detach(name) };
  }

  /** What a guest that stands still has written is in its disk's file when this returns. */
  async flush(name: string | undefined, signal: AbortSignal): Promise<void> {
    if (name !== undefined) await this.#stacks.flush(name, signal);
  }

  /** Also of a machine that another agent started; `name` is the attached disk's. */
  async detach(name: string | undefined): Promise<void> {
    if (name !== undefined) await this.#stacks.detach(name, AbortSignal.timeout(detachMs));
  }

  /** Detaches what no slot in use has. */
  async sweep(slots: ReadonlySet<number>, signal: AbortSignal): Promise<string[]> {
    return this.kind === 'whole' ? [] : await this.#stacks.sweep(slots, signal);
  }

  async #copy(disk: CopiedDisk, signal: AbortSignal): Promise<void> {
    if (this.method === 'reflink' && (await cloneFile(disk))) return;
    await copySparse(disk, signal);
  }
}
