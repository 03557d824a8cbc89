import type { Cgroup } from '../cgroup/cgroup.ts';
import type { EngineDisks } from '../disks/engine-disks.ts';
import type { ImageSet } from '../images/image-set.ts';
import type { Slot } from '../network/slot.ts';
import type { MachineRecord } from './machine-record.ts';

/** `emulated` is not an isolation boundary. */
export type Isolation = 'kvm' | 'emulated';

/**
 * Runs virtual machines. Nothing above this interface asks which engine it is; what differs is said in `traits`.
 */
export interface Engine {
  readonly traits: EngineTraits;
  readonly disks: EngineDisks;
  /** Boots from the kernel; its memory becomes the base that snapshots are taken from. */
  boot(spec: MachineSpec, memory: BootMemory, signal: AbortSignal): Promise<Machine>;
  /** Starts from a snapshot; returns when the guest runs. */
  restore(spec: MachineSpec, snapshot: MachineSnapshot, signal: AbortSignal): Promise<Machine>;
  /**
   * A machine that outlived the agent, or undefined when it is no longer the one that `record` describes. Throws
   * missing_prerequisite for one that runs with another engine.
   */
  adopt(record: MachineRecord, signal: AbortSignal): Promise<Machine | undefined>;
  /**
   * Frees what machines that are gone left of the host, beside slots, cgroups and directories. `slots` are those in use.
   * Returns the names of what was removed.
   */
  sweep(slots: ReadonlySet<number>, signal: AbortSignal): Promise<string[]>;
}

export interface EngineTraits {
  readonly name: 'qemu' | 'firecracker';
  readonly isolation: Isolation;
  /** The exact build that new machines boot with. */
  readonly build: string;
  /** All that are installed here, `build` among them: a snapshot restores only with the one that made it. */
  readonly builds: readonly string[];
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
  /** From the template's disk up to the root disk, which the slot's user owns and the guest writes to. */
  readonly disks: readonly [string, ...string[]];
  /** What the guest is told of itself, for an engine that answers it itself instead of the agent. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * A sparse file of the machine's memory size in its directory, that the slot's user may write. It holds the memory of a
 * guest that was stopped once `saveState` has returned.
 */
export interface BootMemory {
  readonly path: string;
}

/** Of guest memory; every offset and length in it is a multiple. */
export const pageBytes = 4096;

export interface MachineSnapshot {
  /** The engine's build that made it. */
  readonly build: string;
  readonly memory: MemorySource;
  /** Registers and devices, in the engine's own form. */
  readonly deviceState: string;
  /** Which parts of the memory an earlier machine came to need, where that is known; see `Machine.workingSet`. */
  readonly workingSet: string | undefined;
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

export interface Machine {
  readonly record: MachineRecord;
  /** The engine's build that it runs with. */
  readonly build: string;
  /** Settles once, when the VMM process is gone, however it ended. */
  readonly exited: Promise<void>;
  /** Stops the guest where it stands. Its disk is then as it wrote it, flushed by the engine. */
  stop(signal: AbortSignal): Promise<void>;
  /** Lets a guest that was stopped go on; does nothing to one that runs. */
  go(signal: AbortSignal): Promise<void>;
  isRunning(signal: AbortSignal): Promise<boolean>;
  /** Writes registers and devices of a stopped guest to a new file in the machine's directory. */
  saveState(path: string, signal: AbortSignal): Promise<void>;
  /**
   * Of a stopped guest, for an engine whose disks are sealed by `switch`: from now on it writes to `disk`, an empty one
   * above its own. What was its disk is complete, and is never written to again.
   */
  switchDisk(disk: string, signal: AbortSignal): Promise<void>;
  /**
   * Of a stopped guest whose state was saved, ascending, in runs of a few MiB at the most: all pages that were written
   * since the start. What is not among them is as `unwritten` says.
   */
  writtenPages(signal: AbortSignal): AsyncIterable<WrittenPages>;
  /** `base`: as in the memory's base file; `start`: as in what the machine was started from. */
  readonly unwritten: 'base' | 'start';
  /** Where it is noted which parts of its memory were needed since it started; the file may be missing. */
  readonly workingSet: string | undefined;
  /** What the VMM said last, for the fault of a capsule whose machine ended by itself; made fit to be shown. */
  lastWords(): Promise<string>;
  /** Of a machine that was booted: the last lines of the guest's console, on one line, or why there are none. */
  consoleTail(): Promise<string>;
  /** Ends the VMM; the guest gets no say. Returns when the process is gone. */
  kill(): Promise<void>;
}
