import type { Cgroup } from '../cgroup/cgroup.ts';
import type { ImageSet } from '../images/image-set.ts';
import type { Slot } from '../network/slot.ts';

/** `emulated` is not an isolation boundary. */
export type Isolation = 'kvm' | 'emulated';

/**
 * Runs virtual machines. Nothing above this interface asks which engine it is; what differs is said in `traits`.
 */
export interface Engine {
  readonly traits: EngineTraits;
  /** Boots from the kernel; its memory becomes the base that snapshots are taken from. */
  boot(spec: MachineSpec, memory: BootMemory, signal: AbortSignal): Promise<Machine>;
  /** Starts from a snapshot; returns when the guest runs. */
  restore(spec: MachineSpec, snapshot: MachineSnapshot, signal: AbortSignal): Promise<Machine>;
  /** A machine that outlived the agent, or undefined when it is no longer the one that `record` describes. */
  adopt(record: MachineRecord, signal: AbortSignal): Promise<Machine | undefined>;
}

export interface EngineTraits {
  readonly name: 'qemu' | 'firecracker';
  readonly isolation: Isolation;
  /** The exact build; a snapshot restores only with its own. */
  readonly build: string;
}

export interface MachineShape {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

export interface MachineSpec extends MachineShape {
  /** Holds the machine's sockets and logs; owned by the slot's user. */
  readonly directory: string;
  readonly slot: Slot;
  readonly cgroup: Cgroup;
  readonly images: Pick<ImageSet, 'kernel' | 'runtime'>;
  /** The writable root disk, a qcow2 overlay that the slot's user owns. */
  readonly rootDisk: string;
}

/** A sparse file of the machine's memory size that the slot's user may write. */
export interface BootMemory {
  readonly path: string;
}

export interface MachineSnapshot {
  /** Memory image that is mapped privately: never written. */
  readonly memory: string;
  /** Registers and devices, in the engine's own form. */
  readonly deviceState: string;
}

/** What finds a machine again after the agent was restarted; kept in the capsule's record. */
export interface MachineRecord {
  readonly engine: EngineTraits['name'];
  readonly pid: number;
  /** From /proc/PID/stat, in clock ticks since boot: a PID alone may have been given to another process. */
  readonly startTicks: number;
  readonly controlSocket: string;
}

export interface Machine {
  readonly record: MachineRecord;
  /** Settles once, when the VMM process is gone, however it ended. */
  readonly exited: Promise<void>;
  /** Stops the guest where it stands and writes its devices to `deviceState`; memory is then as in its file. */
  freeze(deviceState: string, signal: AbortSignal): Promise<void>;
  /** Ends the VMM; the guest gets no say. Returns when the process is gone. */
  kill(): Promise<void>;
}
