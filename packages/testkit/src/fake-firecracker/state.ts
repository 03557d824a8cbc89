import type { SnapshotCreate, SnapshotLoad } from './bodies.ts';
import { attempt, Fault } from './fault.ts';
import { configures, notAfter, notBefore, orderFault, type Phase } from './order.ts';
import { Settings } from './settings.ts';
import type { ValidCall } from './validate.ts';
import type { Tracking, World } from './world.ts';

export type Answer = (
  | { readonly status: 204 }
  | { readonly status: 200; readonly body: unknown }
  | { readonly status: 400; readonly message: string }
) & {
  /** Firecracker exits after it, with this code. */
  readonly exits?: number;
};

const done: Answer = { status: 204 };

const states: Readonly<Record<Phase, string>> = {
  fresh: 'Not started',
  configured: 'Not started',
  running: 'Running',
  paused: 'Paused',
};

/**
 * The order in which Firecracker lets a machine be configured, started, paused and saved.
 *
 * It is stricter in three cases that an engine never means: a start without a root drive, a Diff of a machine whose writes
 * are not tracked (Firecracker then writes what is resident), and metadata before its configuration.
 */
export class FakeMachine {
  readonly #world: World;
  readonly #instance: { readonly id: string; readonly version: string };
  readonly #settings: Settings;
  #phase: Phase = 'fresh';
  #tracking: Tracking = 'untracked';
  #metadata: unknown = {};

  constructor(world: World, instance: { readonly id: string; readonly version: string }) {
    this.#world = world;
    this.#instance = instance;
    this.#settings = new Settings(world);
  }

  /** One call at a time: the caller waits for the answer before it hands over the next, as Firecracker does. */
  async handle(call: ValidCall): Promise<Answer> {
    const refused = orderFault(call.name, this.#phase);
    if (refused !== undefined) return { status: 400, message: refused };
    // Also one that fails: the process is then no longer fresh.
    if (this.#phase === 'fresh' && configures(call.name)) this.#phase = 'configured';
    try {
      return await this.#answer(call);
    } catch (thrown) {
      if (thrown instanceof Fault) return { status: 400, message: thrown.message };
      throw thrown;
    }
  }

  async #answer({ name, body }: ValidCall): Promise<Answer> {
    switch (name) {
      case 'GET /':
        return { status: 200, body: this.#description() };
      case 'GET /version':
        return { status: 200, body: { firecracker_version: this.#instance.version } };
      case 'GET /vm/config':
        return { status: 200, body: this.#settings.describe() };
      case 'GET /machine-config':
        return { status: 200, body: this.#settings.machine };
      case 'GET /mmds':
        return { status: 200, body: this.#metadata };
      case 'GET /balloon':
        return { status: 200, body: this.#settings.balloon() };
      case 'PUT /mmds':
        if (!this.#settings.hasMmds) throw new Fault('MMDS error: it is not configured.');
        this.#metadata = body;
        return done;
      case 'PUT /actions':
        return this.#act((body as { readonly action_type: string }).action_type);
      case 'PATCH /vm':
        this.#phase = (body as { readonly state: string }).state === 'Paused' ? 'paused' : 'running';
        return done;
      case 'PUT /snapshot/create':
        return this.#create(body as SnapshotCreate);
      case 'PUT /snapshot/load':
        return this.#load(body as SnapshotLoad);
      default:
        await this.#settings.set(name, body);
        return done;
    }
  }

  async #act(action: string): Promise<Answer> {
    const isStarted = this.#phase === 'running' || this.#phase === 'paused';
    if (action === 'InstanceStart') {
      if (isStarted) throw new Fault(notAfter);
      await this.#start();
      return done;
    }
    if (!isStarted) throw new Fault(notBefore);
    // The guest reboots by it, and that is its end.
    return action === 'SendCtrlAltDel' ? { ...done, exits: 0 } : done;
  }

  async #start(): Promise<void> {
    const failing = 'Start microvm error';
    const { source, machine, hasRootDrive } = this.#settings;
    if (source === undefined) throw new Fault(`${failing}: no kernel was configured.`);
    if (!hasRootDrive) throw new Fault(`${failing}: no root drive was configured.`);
    this.#tracking = machine.track_dirty_pages === true ? 'tracked' : 'untracked';
    const options = { memoryMiB: machine.mem_size_mib, tracking: this.#tracking, source };
    await attempt(failing, async () => {
      this.#settings.makeDevices();
      await this.#world.boot(options);
    });
    this.#phase = 'running';
  }

  async #create({ snapshot_path, mem_file_path, snapshot_type = 'Full' }: SnapshotCreate): Promise<Answer> {
    const failing = 'Create snapshot error';
    if (this.#phase !== 'paused') throw new Fault(`${failing}: the microVM is not paused.`);
    if (snapshot_type === 'Diff' && this.#tracking === 'untracked') {
      throw new Fault(`${failing}: dirty pages are not tracked.`);
    }
    const state = this.#settings.save(this.#instance.version);
    await attempt(failing, () => this.#world.writeState(snapshot_path, state));
    await attempt(failing, () => this.#world.saveMemory(mem_file_path, snapshot_type));
    return done;
  }

  async #load(body: SnapshotLoad): Promise<Answer> {
    const { mem_backend, mem_file_path } = body;
    if ((mem_backend === undefined) === (mem_file_path === undefined)) {
      throw new Fault('Exactly one of mem_backend and mem_file_path is needed.');
    }
    const backend = mem_backend ?? { backend_type: 'File' as const, backend_path: mem_file_path ?? '' };
    try {
      await attempt('Load snapshot error', () => this.#restore(body, backend));
    } catch (thrown) {
      // Half of a machine was made, which nobody can use.
      if (thrown instanceof Fault) return { status: 400, message: thrown.message, exits: 1 };
      throw thrown;
    }
    this.#phase = body.resume_vm === true ? 'running' : 'paused';
    return done;
  }

  async #restore(body: SnapshotLoad, backend: NonNullable<SnapshotLoad['mem_backend']>): Promise<void> {
    const state = this.#world.readState(body.snapshot_path);
    if (state.fakeFirecracker !== this.#instance.version) {
      throw new Error(`the snapshot is of version ${state.fakeFirecracker}`);
    }
    const isTracked = body.track_dirty_pages === true || body.enable_diff_snapshots === true;
    this.#tracking = isTracked ? 'tracked' : 'untracked';
    await this.#settings.restore(state, body.network_overrides ?? []);
    this.#settings.makeDevices();
    await this.#world.load({ memoryMiB: state.machine.mem_size_mib, tracking: this.#tracking, backend });
  }

  #description(): Readonly<Record<string, string>> {
    return {
      app_name: 'Firecracker',
      id: this.#instance.id,
      state: states[this.#phase],
      vmm_version: this.#instance.version,
    };
  }
}
