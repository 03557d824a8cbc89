import { chmod, chown, mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cleanup, Secret, zeroId } from '@wrenn/core';
import { createLogger } from '@wrenn/service';
import type { Cgroup } from '../../cgroup/cgroup.ts';
import { CgroupHost } from '../../cgroup/cgroup-host.ts';
import { GuestClient } from '../../guest/guest-client.ts';
import type { Identity } from '../../guest/init-request.ts';
import { findImages } from '../../images/images.ts';
import { MetadataService } from '../../metadata-service/metadata-service.ts';
import type { Slot } from '../../network/slot.ts';
import { SlotPool } from '../../network/slot-pool.ts';
import { RootImages } from '../../root-images/root-images.ts';
import { probeKvm } from '../../setup/probe-kvm.ts';
import type { TemplateSnapshot } from '../../templates/template-snapshot.ts';
import { TemplateStore } from '../../templates/template-store.ts';
import type { Engine, Isolation, Machine, MachineSnapshot, MachineSpec, MemoryRange } from '../engine.ts';
import { machineLimits } from '../machine-limits.ts';
import { QemuEngine } from '../qemu/qemu-engine.ts';

const cacheDirectory = process.env['WRENN_CACHE_DIR'] ?? '/var/cache/wrenn';
/** Away from those of an installation, and of other tests. */
const range = { first: 21_500, count: 32 };
const signal = new AbortController().signal;
const log = createLogger('test', 'silent');

const identity: Identity = {
  accessToken: new Secret('token of the test'),
  hostSecret: new Secret('secret of the test'),
  capsuleId: zeroId('capsule'),
  templateId: zeroId('template'),
  defaultUser: 'root',
  envVars: {},
};

/** All of a machine that stood still: what another one is started from. */
export interface Captured {
  readonly snapshot: MachineSnapshot;
  /** The disk that its successors lie on. */
  readonly disk: string;
  readonly hostSecret: Secret;
  /** In the order in which they were read. */
  readonly written: readonly MemoryRange[];
}

export interface StartOptions {
  /** Where its disk is; else in the machine's own directory. */
  readonly diskDirectory?: string;
  readonly signal?: AbortSignal;
}

/** What an engine is opened for. */
export interface EngineHost {
  readonly images: Awaited<ReturnType<typeof findImages>>;
  readonly isolation: Isolation;
  /** Where its machines and their disks are. */
  readonly directory: string;
}

const openQemu = ({ isolation }: EngineHost): Promise<Engine> => QemuEngine.open(isolation, signal);

/** Machines of one template on this host's real engine, without an agent around them. */
export class MachineFixture implements AsyncDisposable {
  readonly engine: Engine;
  readonly directory: string;
  readonly template: TemplateSnapshot;
  readonly #images: Awaited<ReturnType<typeof findImages>>;
  readonly #cgroups: CgroupHost;
  readonly #slots: SlotPool;
  readonly #cleanup: Cleanup;
  /** Of disks that hold only what differs: from the template's up to the disk itself. */
  readonly #stacks = new Map<string, readonly [string, ...string[]]>();
  #count = 0;

  private constructor(
    parts: Pick<MachineFixture, 'engine' | 'directory' | 'template'> & {
      images: Awaited<ReturnType<typeof findImages>>;
      cgroups: CgroupHost;
      slots: SlotPool;
    },
    cleanup: Cleanup,
  ) {
    this.engine = parts.engine;
    this.directory = parts.directory;
    this.template = parts.template;
    this.#images = parts.images;
    this.#cgroups = parts.cgroups;
    this.#slots = parts.slots;
    this.#cleanup = cleanup;
  }

  /** Boots the template, which takes some ten seconds. */
  static async open(
    memoryMiB: number,
    openEngine: (host: EngineHost) => Promise<Engine> = openQemu,
  ): Promise<MachineFixture> {
    const cleanup = new Cleanup();
    try {
      const directory = await mkdtemp(join(tmpdir(), 'machines-'));
      await cleanup.add('directory', () => rm(directory, { recursive: true, force: true }));
      await chmod(directory, 0o711);
      const options = { cacheDirectory, report: () => undefined, signal };
      const images = await findImages(options);
      const isolation = (await probeKvm({ images, ...options })) ? 'kvm' : 'emulated';
      const engine = await openEngine({ images, isolation, directory });
      const cgroups = await CgroupHost.detect(String(range.first));
      await cleanup.add('cgroups', () => cgroups.close());
      const slots = await SlotPool.open({ range, ready: 0, log, signal });
      await cleanup.add('network slots', () => slots.close());
      // What a run that was ended left.
      await slots.sweep(new Set());
      await cgroups.sweep(new Set());
      const metadata = await MetadataService.open({ address: slots.serviceAddress, log });
      await cleanup.add('metadata service', () => metadata.close());
      const parts = { engine, images, slots, cgroups, metadata };
      const rootImages = await RootImages.open(join(directory, 'root-images'), log);
      const templates = await TemplateStore.open(
        join(directory, 'templates'),
        { ...parts, rootImages },
        () => undefined,
        signal,
      );
      const template = await templates.ensure('minimal', { vcpus: 1, memoryMiB });
      return new MachineFixture({ ...parts, directory, template }, cleanup);
    } catch (thrown) {
      await cleanup.release();
      throw thrown;
    }
  }

  /** What every machine begins with. */
  get fresh(): Captured {
    const { memory, deviceState, disk, hostSecret } = this.template;
    const build = this.template.manifest.engineBuild;
    return {
      snapshot: { build, memory: { base: memory, changes: [] }, deviceState, workingSet: undefined },
      disk,
      hostSecret,
      written: [],
    };
  }

  /** The secret of guests that were started here once, and so of what is captured of them. */
  get givenSecret(): Secret {
    return identity.hostSecret;
  }

  async start(from: Captured, options: StartOptions = {}): Promise<TestMachine> {
    const name = `machine-${this.#count++}`;
    const cleanup = new Cleanup();
    await this.#cleanup.add(name, () => cleanup.release());
    try {
      return await this.#start(from, name, options, cleanup);
    } catch (thrown) {
      await cleanup.release();
      throw thrown;
    }
  }

  async #start(from: Captured, name: string, options: StartOptions, cleanup: Cleanup): Promise<TestMachine> {
    const directory = join(this.directory, name);
    const slot = await this.#slots.acquire(signal);
    await cleanup.add('slot', () => this.#slots.release(slot));
    await mkdir(directory, { mode: 0o711 });
    await chown(directory, slot.uid, slot.gid);
    const disk = join(options.diskDirectory ?? directory, `${name}${this.engine.disks.suffix}`);
    await this.overlay(disk, from.disk, slot);
    const { vcpus, memoryMiB } = this.template.manifest;
    const shape = { vcpus, memoryMiB };
    const cgroup = await this.#cgroups.create(`test-${name}`, machineLimits(shape));
    await cleanup.add('cgroup', () => this.#cgroups.remove(`test-${name}`));
    const disks = this.#stackOf(disk);
    const images = this.#images;
    const spec: MachineSpec = { ...shape, directory, slot, cgroup, images, disks, metadata: {} };
    const machine = await this.engine.restore(spec, from.snapshot, options.signal ?? signal);
    await cleanup.add('virtual machine', () => machine.kill());
    const guest = new GuestClient(slot.hostAddress, identity.accessToken);
    await cleanup.add('guest client', () => guest.close());
    await guest.init(identity, from.hostSecret, AbortSignal.timeout(30_000));
    return {
      machine,
      slot,
      guest,
      directory,
      disk,
      cgroup,
      base: from.snapshot.memory.base,
      end: () => cleanup.release(),
    };
  }

  /** An empty overlay that the machine on `slot` may write. */
  async overlay(path: string, backing: string, slot: Slot): Promise<void> {
    const { disks } = this.engine;
    const below = this.#stackOf(backing);
    await disks.make({ path, below, like: this.template.emptyDisk, owner: slot }, signal);
    if (disks.kind === 'layer') this.#stacks.set(path, [...below, path]);
  }

  /** A disk that others may lie on, with what is on `own` now. */
  async sealedCopy(own: string, to: string): Promise<void> {
    const { sealing, kind } = this.engine.disks;
    if (sealing.by !== 'copy') throw new Error('disks of this engine are sealed by a switch');
    await sealing.copy({ from: own, to, owner: { uid: 0, gid: 0 } }, signal);
    await chmod(to, 0o644);
    const [first, ...rest] = this.#stackOf(own);
    if (kind === 'layer') this.#stacks.set(to, rest.length === 0 ? [to] : [first, ...rest.slice(0, -1), to]);
  }

  #stackOf(disk: string): readonly [string, ...string[]] {
    return this.#stacks.get(disk) ?? [disk];
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.release();
  }
}

export interface TestMachine {
  readonly machine: Machine;
  readonly slot: Slot;
  readonly guest: GuestClient;
  readonly directory: string;
  readonly disk: string;
  readonly cgroup: Cgroup;
  /** The memory file that it maps. */
  readonly base: string;
  /** Ends it, and gives back what it had. */
  end(): Promise<void>;
}

/** Of a machine that was stopped: keeps its pages and its devices in files of the test's. */
export async function capture(of: TestMachine, machine = of.machine): Promise<Captured> {
  const place = join(of.directory, `captured-${Date.now()}`);
  await machine.saveState(`${place}.devices`, signal);
  const written: MemoryRange[] = [];
  // Those that lie on it belong to others.
  await chmod(of.disk, 0o644);
  await using file = await open(`${place}.memory`, 'wx');
  let at = 0;
  for await (const { offset, bytes } of machine.writtenPages(signal)) {
    await file.write(bytes, 0, bytes.length, at);
    written.push({ offset, length: bytes.length, content: { path: `${place}.memory`, offset: at } });
    at += bytes.length;
  }
  return {
    snapshot: {
      build: machine.build,
      memory: { base: of.base, changes: written },
      deviceState: `${place}.devices`,
      workingSet: undefined,
    },
    disk: of.disk,
    hostSecret: identity.hostSecret,
    written,
  };
}

/** What a script in the guest printed; throws when it failed. */
export async function sh(of: TestMachine, script: string, timeoutMs = 30_000): Promise<string> {
  const text: Buffer[] = [];
  const process = { cmd: 'sh', args: ['-c', script] };
  let exitCode: number | undefined;
  const stream = of.guest.process.start(
    { process, stdin: false },
    { signal: AbortSignal.timeout(timeoutMs) },
  );
  for await (const { event } of stream) {
    if (event?.event.case === 'end') exitCode = event.event.value.exitCode;
    if (event?.event.case !== 'data') continue;
    const { output } = event.event.value;
    if (output.case === 'stdout' || output.case === 'stderr') text.push(Buffer.from(output.value));
  }
  const said = Buffer.concat(text).toString().trim();
  if (exitCode !== 0) throw new Error(`${script} ended with ${exitCode}: ${said}`);
  return said;
}
