import type { CpuShareFile } from './cpu-share.ts';

/** Bounds of one virtual machine on the host, its VMM included. */
export interface CgroupLimits {
  /** In CPUs: 1.5 is one and a half. */
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly pids: number;
}

/** One machine's cgroup: a directory per v1 hierarchy, or one directory in v2. */
export interface Cgroup {
  readonly name: string;
  /** A process joins by writing its PID to each of these; empty where the host has no usable cgroups. */
  readonly procsFiles: readonly string[];
  /** Undefined where the host does not share out its processors by cgroups. */
  readonly cpuShare?: CpuShareFile | undefined;
}
