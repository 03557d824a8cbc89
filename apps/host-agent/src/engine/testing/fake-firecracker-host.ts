import { chmod, chown, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import { FakeFirecrackerControl, installFakeFirecracker } from '@wrenn/testkit/fake-firecracker';
import { CgroupHost } from '../../cgroup/cgroup-host.ts';
import type { Slot } from '../../network/slot.ts';
import { SlotPool } from '../../network/slot-pool.ts';
import type { ProcessIdentity } from '../../process/process-identity.ts';
import type { Machine, MachineSnapshot, MachineSpec } from '../engine.ts';
import { findBuilds } from '../firecracker/builds.ts';
import { FirecrackerEngine } from '../firecracker/firecracker-engine.ts';
import { machineLimits } from '../machine-limits.ts';

/** Away from those of an installation, and of other tests. */
const range = { first: 21_600, count: 16 };
const log = createLogger('test', 'silent');
const never = new AbortController().signal;
const mebibyte = 1 << 20;

/** Larger than one region of the fake's memory. */
export const guestShape = { vcpus: 1, memoryMiB: 80 };

export interface FakeMachine {
  readonly machine: Machine;
  /** The test's hold on the fake VMM, which runs no guest: its memory is touched by this. */
  readonly guest: FakeFirecrackerControl;
  readonly spec: MachineSpec;
  readonly directory: string;
  readonly disk: string;
  end(): Promise<void>;
}

/** The process that fetches the machine's memory. */
export function pageServerOf({ record }: Machine): ProcessIdentity {
  if (record.engine !== 'firecracker' || record.pageServer === undefined)
    throw new Error('this machine has no page server');
  return record.pageServer;
}

/** A host with real slots, cgroups and disks, on which Firecracker's engine runs a fake Firecracker. */
export class FakeFirecrackerHost implements AsyncDisposable {
  readonly directory: string;
  readonly engine: FirecrackerEngine;
  /** A file of all requests that any of the fakes was sent. */
  readonly journal: string;
  readonly slots: SlotPool;
  readonly cgroups: CgroupHost;
  readonly range = range;
  readonly #cleanup: Cleanup;
  #count = 0;

  private constructor(
    parts: Pick<FakeFirecrackerHost, 'directory' | 'engine' | 'journal' | 'slots'>,
    cgroups: CgroupHost,
    cleanup: Cleanup,
  ) {
    this.directory = parts.directory;
    this.engine = parts.engine;
    this.journal = parts.journal;
    this.slots = parts.slots;
    this.cgroups = cgroups;
    this.#cleanup = cleanup;
  }

  static async open(versions: readonly string[] = ['1.16.2']): Promise<FakeFirecrackerHost> {
    const cleanup = new Cleanup();
    try {
      const directory = await mkdtemp(join(tmpdir(), 'fake-firecracker-'));
      await cleanup.add('directory', () => rm(directory, { recursive: true, force: true }));
      await chmod(directory, 0o711);
      const journal = join(directory, 'journal');
      await writeFile(journal, '');
      await chmod(journal, 0o666);
      const builds = join(directory, 'builds');
      await mkdir(builds, { mode: 0o755 });
      for (const version of versions) await installFakeFirecracker(builds, { version, journal });
      const engine = await openEngine(builds, directory);
      const cgroups = await CgroupHost.detect(String(range.first));
      await cleanup.add('cgroups', () => cgroups.close());
      const slots = await SlotPool.open({ range, ready: 0, log, signal: never });
      await cleanup.add('network slots', () => slots.close());
      // What a run that was ended left.
      await slots.sweep(new Set());
      await cgroups.sweep(new Set());
      await makeImages(directory);
      return new FakeFirecrackerHost({ directory, engine, journal, slots }, cgroups, cleanup);
    } catch (thrown) {
      await cleanup.release();
      throw thrown;
    }
  }

  /** The engine as an agent opens it that starts anew on this host. */
  async anotherEngine(): Promise<FirecrackerEngine> {
    return await openEngine(join(this.directory, 'builds'), this.directory);
  }

  /** The slots as that agent finds them. */
  async anotherPool(): Promise<SlotPool> {
    const slots = await SlotPool.open({ range, ready: 0, log, signal: never });
    await this.#cleanup.add('slots of another agent', () => slots.close());
    return slots;
  }

  /** Boots one, with its memory's file in its directory. */
  async boot(): Promise<FakeMachine & { readonly memory: string }> {
    return await this.#withMachine(join(this.directory, 'image'), async (spec) => {
      const memory = join(spec.directory, 'memory');
      await using file = await open(memory, 'wx', 0o600);
      await file.truncate(guestShape.memoryMiB * mebibyte);
      await file.chown(spec.slot.uid, spec.slot.gid);
      return { machine: await this.engine.boot(spec, { path: memory }, never), memory };
    });
  }

  async restore(snapshot: MachineSnapshot, belowDisk: string, signal = never): Promise<FakeMachine> {
    return await this.#withMachine(belowDisk, async (spec) => ({
      machine: await this.engine.restore(spec, snapshot, signal),
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.release();
  }

  async #withMachine<T extends { readonly machine: Machine }>(
    below: string,
    start: (spec: MachineSpec) => Promise<T>,
  ): Promise<FakeMachine & T> {
    const name = `machine-${this.#count++}`;
    const cleanup = new Cleanup();
    await this.#cleanup.add(name, () => cleanup.release());
    try {
      const spec = await this.#spec(name, below, cleanup);
      const started = await start(spec);
      await cleanup.add('virtual machine', () => started.machine.kill());
      const guest = await FakeFirecrackerControl.connect(spec.directory);
      await cleanup.add('control', () => guest[Symbol.dispose]());
      const { directory, disks } = spec;
      const end = () => cleanup.release();
      return { guest, spec, directory, disk: disks.at(-1) ?? '', end, ...started };
    } catch (thrown) {
      await cleanup.release();
      throw thrown;
    }
  }

  async #spec(name: string, below: string, cleanup: Cleanup): Promise<MachineSpec> {
    const slot: Slot = await this.slots.acquire(never);
    await cleanup.add('slot', () => this.slots.release(slot));
    const directory = join(this.directory, name);
    await mkdir(directory, { mode: 0o700 });
    await chown(directory, slot.uid, slot.gid);
    await cleanup.add('directory', () => rm(directory, { recursive: true, force: true }));
    const disk = join(this.directory, `${name}${this.engine.disks.suffix}`);
    await this.engine.disks.make({ path: disk, below: [below], like: '', owner: slot }, never);
    await cleanup.add('disk', () => rm(disk, { force: true }));
    const cgroup = await this.cgroups.create(`fake-${name}`, machineLimits(guestShape));
    await cleanup.add('cgroup', () => this.cgroups.remove(`fake-${name}`));
    const images = imagesOf(this.directory);
    return { ...guestShape, directory, slot, cgroup, images, disks: [disk], metadata: { instanceID: name } };
  }
}

async function openEngine(builds: string, directory: string): Promise<FirecrackerEngine> {
  const { usable, unusable } = await findBuilds(builds, never);
  const [first, ...more] = usable;
  if (first === undefined) throw new Error(`no usable build: ${JSON.stringify(unusable)}`);
  const settings = { builds: [first, ...more], console: 'off', log } as const;
  return await FirecrackerEngine.open(settings, directory, never);
}

export function imagesOf(directory: string): MachineSpec['images'] {
  const file = (name: string) => join(directory, name);
  return {
    kernel: {
      version: '6.1',
      vmlinuz: file('image'),
      vmlinux: file('image'),
      initrd: file('image'),
      hash: 'kernel',
    },
    runtime: { path: file('image'), hash: 'runtime', envdVersion: '1' },
  };
}

async function makeImages(directory: string): Promise<void> {
  await writeFile(join(directory, 'image'), Buffer.alloc(mebibyte, 'image'), { mode: 0o644 });
}
