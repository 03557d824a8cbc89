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
  /** What guests are given as their CPU; a snapshot restores only where it is the same. */
  readonly cpu: string;
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

/** Of guest memory; every offset and length in it is a multiple. */
export const pageBytes = 4096;

export interface MachineSnapshot {
  readonly memory: MemorySource;
  /** Registers and devices, in the engine's own form. */
  readonly deviceState: string;
}

export interface MemorySource {
  /** File of the whole memory that is mapped privately: never written. */
  readonly base: string;
  /** Where the memory differs from it: ascending, disjoint. */
  readonly changes: readonly MemoryRange[];
}

export interface MemoryRange {
  /** In the guest's memory, in bytes. */
  readonly offset: number;
  readonly length: number;
  readonly content: 'zero' | { readonly path: string; readonly offset: number };
}

/** Pages in a row that the guest or a device wrote since the memory was mapped, a restore's own writes included. */
export interface WrittenPages {
  readonly offset: number;
  /** Whole pages; the memory is reused as soon as the next ones are asked for. */
  readonly bytes: Buffer;
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
  /** Stops the guest where it stands. Its disk is then as it wrote it, flushed by the engine. */
  stop(signal: AbortSignal): Promise<void>;
  /** Lets a guest that was stopped go on; does nothing to one that runs. */
  go(signal: AbortSignal): Promise<void>;
  isRunning(signal: AbortSignal): Promise<boolean>;
  /** Writes registers and devices of a stopped guest to a new file that the machine's user may make. */
  saveDevices(path: string, signal: AbortSignal): Promise<void>;
  /**
   * Of a stopped guest: from now on it writes to `overlay`, an empty overlay of its disk that the machine's user owns.
   * What was its disk is complete, and is never written to again.
   */
  switchDisk(overlay: string, signal: AbortSignal): Promise<void>;
  /** Of a stopped guest, ascending, in runs of a few MiB at the most. What is not among it is as in the base. */
  writtenPages(signal: AbortSignal): AsyncIterable<WrittenPages>;
  /** Ends the VMM; the guest gets no say. Returns when the process is gone. */
  kill(): Promise<void>;
}
