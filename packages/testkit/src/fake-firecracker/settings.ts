import type {
  Balloon,
  BootSource,
  Drive,
  DriveChange,
  MachineConfig,
  MmdsConfig,
  NetworkInterface,
  SavedState,
} from './bodies.ts';
import { attempt, Fault } from './fault.ts';
import type { World } from './world.ts';

/** How a machine is configured. What is named in it is opened on the host when it is set, as Firecracker does. */
export class Settings {
  readonly #world: World;
  readonly #drives = new Map<string, Drive>();
  readonly #interfaces = new Map<string, NetworkInterface>();
  #source: BootSource | undefined;
  #machine: MachineConfig = { vcpu_count: 1, mem_size_mib: 128 };
  #mmds: MmdsConfig | undefined;
  #balloon: Balloon | undefined;
  #serialPath: string | undefined;

  constructor(world: World) {
    this.#world = world;
  }

  get source(): BootSource | undefined {
    return this.#source;
  }

  get machine(): MachineConfig {
    return this.#machine;
  }

  get hasRootDrive(): boolean {
    return [...this.#drives.values()].some((drive) => drive.is_root_device);
  }

  get hasMmds(): boolean {
    return this.#mmds !== undefined;
  }

  /** Of the calls that set something; whether they may come now is decided elsewhere. */
  async set(name: string, body: unknown): Promise<void> {
    switch (name) {
      case 'PUT /boot-source':
        return this.#setSource(body as BootSource);
      case 'PUT /drives/{drive_id}':
        return this.#putDrive(body as Drive);
      case 'PATCH /drives/{drive_id}':
        return this.#patchDrive(body as DriveChange);
      case 'PUT /network-interfaces/{iface_id}':
        return this.#putInterface(body as NetworkInterface);
      case 'PATCH /network-interfaces/{iface_id}':
        if (this.#interfaces.has((body as NetworkInterface).iface_id)) return;
        throw new Fault('Network config error: no such interface.');
      case 'PUT /machine-config':
        return this.#setMachine(body as MachineConfig);
      case 'PUT /mmds/config':
        return this.#setMmds(body as MmdsConfig);
      case 'PUT /balloon':
        this.#balloon = body as Balloon;
        return;
      case 'PATCH /balloon':
        this.#balloon = { ...this.balloon(), amount_mib: (body as Balloon).amount_mib };
        return;
      case 'PUT /logger':
        return this.#setLogger(body as { readonly log_path?: string });
      case 'PUT /serial':
        this.#serialPath = (body as { readonly serial_out_path?: string }).serial_out_path;
        return;
    }
  }

  /** Devices that are made when the machine is: the serial one. A snapshot has none of where it prints to. */
  makeDevices(): void {
    if (this.#serialPath !== undefined) this.#world.openSerial(this.#serialPath);
  }

  /** As a snapshot has it: drives and interfaces are opened again by the same names. */
  async restore(state: SavedState, overrides: readonly NetworkInterface[]): Promise<void> {
    this.#machine = state.machine;
    this.#mmds = state.mmds ?? undefined;
    this.#balloon = state.balloon ?? undefined;
    for (const drive of state.drives) await this.#putDrive(drive);
    for (const network of state.interfaces) {
      const override = overrides.find((each) => each.iface_id === network.iface_id);
      await this.#putInterface({ ...network, ...override });
    }
  }

  save(version: string): SavedState {
    return {
      fakeFirecracker: version,
      machine: this.#machine,
      drives: [...this.#drives.values()],
      interfaces: [...this.#interfaces.values()],
      mmds: this.#mmds ?? null,
      balloon: this.#balloon ?? null,
    };
  }

  /** The answer of `GET /vm/config`. */
  describe(): Readonly<Record<string, unknown>> {
    return {
      'boot-source': this.#source,
      drives: [...this.#drives.values()],
      'network-interfaces': [...this.#interfaces.values()],
      'machine-config': this.#machine,
      'mmds-config': this.#mmds,
      balloon: this.#balloon,
    };
  }

  balloon(): Balloon {
    if (this.#balloon === undefined) throw new Fault('Balloon error: no balloon device.');
    return this.#balloon;
  }

  async #setSource(source: BootSource): Promise<void> {
    await this.#open('Boot source error', source.kernel_image_path, 'read');
    if (source.initrd_path !== undefined) await this.#open('Boot source error', source.initrd_path, 'read');
    this.#source = source;
  }

  async #putDrive(drive: Drive): Promise<void> {
    const root = [...this.#drives.values()].find((each) => each.is_root_device);
    if (drive.is_root_device && root !== undefined && root.drive_id !== drive.drive_id) {
      throw new Fault('Drive config error: a root block device already exists.');
    }
    await this.#openDrive(drive);
    this.#drives.set(drive.drive_id, drive);
  }

  async #patchDrive(change: DriveChange): Promise<void> {
    const drive = this.#drives.get(change.drive_id);
    if (drive === undefined) throw new Fault(`Drive config error: no drive ${change.drive_id}.`);
    await this.#openDrive({ ...drive, ...change });
    this.#drives.set(drive.drive_id, { ...drive, ...change });
  }

  async #openDrive({ path_on_host, is_read_only, socket }: Drive): Promise<void> {
    if (path_on_host === undefined || socket !== undefined) {
      throw new Fault('Drive config error: the fake Firecracker has only drives that are files.');
    }
    await this.#open('Drive config error', path_on_host, is_read_only === true ? 'read' : 'write');
  }

  async #putInterface(network: NetworkInterface): Promise<void> {
    const isTaken = [...this.#interfaces.values()].some(
      (other) => other.iface_id !== network.iface_id && other.guest_mac === network.guest_mac,
    );
    if (network.guest_mac !== undefined && isTaken) {
      throw new Fault(`Network config error: the MAC address ${network.guest_mac} is in use.`);
    }
    await attempt('Network config error', () => this.#world.openInterface(network.host_dev_name));
    this.#interfaces.set(network.iface_id, network);
  }

  async #setLogger({ log_path }: { readonly log_path?: string }): Promise<void> {
    if (log_path !== undefined) await attempt('Logger error', () => this.#world.openLog(log_path));
  }

  #setMachine(machine: MachineConfig): void {
    if (machine.mem_size_mib === 0) throw new Fault('Machine config error: the memory size is invalid.');
    if (machine.smt === true && machine.vcpu_count !== 1 && machine.vcpu_count % 2 === 1) {
      throw new Fault('Machine config error: the vCPU count is invalid with SMT.');
    }
    if (machine.huge_pages !== undefined && machine.huge_pages !== 'None') {
      throw new Fault('Machine config error: the fake Firecracker has no huge pages.');
    }
    this.#machine = machine;
  }

  #setMmds(config: MmdsConfig): void {
    if (config.network_interfaces.length === 0) throw new Fault('MMDS config error: no network interface.');
    const unknown = config.network_interfaces.find((name) => !this.#interfaces.has(name));
    if (unknown !== undefined) throw new Fault(`MMDS config error: no network interface ${unknown}.`);
    this.#mmds = config;
  }

  #open(doing: string, path: string, access: 'read' | 'write'): Promise<void> {
    return attempt(doing, () => this.#world.openFile(path, access));
  }
}
