import { join } from 'node:path';
import { deadline, WrennError } from '@wrenn/core';
import { RawDisks } from '../../disks/raw/raw-disks.ts';
import type { BootMemory, Engine, EngineTraits, MachineSnapshot, MachineSpec } from '../engine.ts';
import { hostCpu } from '../host-cpu.ts';
import type { MachineRecord } from '../machine-record.ts';
import { adoptMachine } from './adopt-machine.ts';
import type { FirecrackerApi } from './api/client.ts';
import { bootGuest, restoreGuest } from './boot-sequence.ts';
import type { FirecrackerBuild } from './builds.ts';
import type { FirecrackerMachine } from './firecracker-machine.ts';
import type { FirecrackerOptions, FirecrackerSettings } from './options.ts';
import { startMachine } from './start-machine.ts';
import { sweepJails } from './sweep-jails.ts';

/** The guest's memory is read when it is touched, so this does not grow with it. */
const restoreDeadlineMs = 30_000;

/** See docs/firecracker.md, which also says what of this has run with the real binary, and what has not. */
export class FirecrackerEngine implements Engine {
  readonly traits: EngineTraits;
  readonly disks: RawDisks;
  readonly #options: FirecrackerOptions;

  private constructor(traits: EngineTraits, options: FirecrackerOptions) {
    this.traits = traits;
    this.disks = options.disks;
    this.#options = options;
  }

  /** Keeps what it needs of the host's disk in `directory`, the agent's own. */
  static async open(
    settings: FirecrackerSettings,
    directory: string,
    signal: AbortSignal,
  ): Promise<FirecrackerEngine> {
    const options = {
      ...settings,
      disks: await RawDisks.open(directory, signal),
      jails: join(directory, 'jails'),
      codeCache: join(directory, 'code-cache'),
    };
    const builds = settings.builds.map(({ id }) => id);
    const build = builds.at(-1) ?? settings.builds[0].id;
    const cpu = await hostCpu();
    return new FirecrackerEngine({ name: 'firecracker', isolation: 'kvm', build, builds, cpu }, options);
  }

  async boot(spec: MachineSpec, memory: BootMemory, signal: AbortSignal): Promise<FirecrackerMachine> {
    const console = this.#options.console === 'boot' ? 'serial' : 'off';
    const build = this.#buildOf(this.traits.build);
    const start = { kind: 'boot', memory: memory.path, console } as const;
    const configure = (api: FirecrackerApi) => bootGuest(api, { ...spec, console }, signal);
    return await startMachine({ ...this.#options, spec, build, start, configure }, signal);
  }

  async restore(
    spec: MachineSpec,
    snapshot: MachineSnapshot,
    signal: AbortSignal,
  ): Promise<FirecrackerMachine> {
    using limit = deadline(restoreDeadlineMs, 'restoring the virtual machine', signal);
    const build = this.#buildOf(snapshot.build);
    // The template's memory alone is a file that can be mapped, and is shared by all who do.
    const memory = snapshot.memory.changes.length === 0 ? 'file' : 'page_server';
    const start = { kind: 'restore', memory, snapshot } as const;
    const configure = (api: FirecrackerApi) => restoreGuest(api, { memory, metadata: spec.metadata }, limit);
    return await startMachine({ ...this.#options, spec, build, start, configure }, limit);
  }

  adopt(record: MachineRecord, signal: AbortSignal): Promise<FirecrackerMachine | undefined> {
    return adoptMachine(record, this.#options, signal);
  }

  async sweep(slots: ReadonlySet<number>, signal: AbortSignal): Promise<string[]> {
    const disks = await this.disks.sweep(slots, signal);
    return [...disks, ...(await sweepJails(this.#options.jails, slots))];
  }

  /** A snapshot says by which build it was made, and restores with no other. */
  #buildOf(id: string): FirecrackerBuild {
    const build = this.#options.builds.find((each) => each.id === id);
    if (build !== undefined) return build;
    throw new WrennError('snapshot_refused', `Firecracker ${id} is not installed`, {
      remedy: 'put that build back under WRENN_FIRECRACKER_DIR, beside the others',
    });
  }
}
