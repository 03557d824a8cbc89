import type { CgroupLimits } from '../cgroup/cgroup.ts';
import type { MachineShape } from './engine.ts';

/** What QEMU needs besides the guest's memory: its code and heap, page tables, translated code, disk buffers. */
const overheadMiB = 192;

/** Threads of QEMU: one per vCPU, its loop, RCU, and a pool of disk workers that stays below 64. */
const threadsBesidesVcpus = 72;

/** What a machine may take of its host, its VMM included. */
export function machineLimits(shape: MachineShape): CgroupLimits {
  return {
    // Half a CPU more for the VMM's own threads, so that disk and network do not take from the guest's.
    cpus: shape.vcpus + 0.5,
    memoryBytes: (shape.memoryMiB + overheadMiB) * 1024 * 1024,
    pids: shape.vcpus + threadsBesidesVcpus,
  };
}
