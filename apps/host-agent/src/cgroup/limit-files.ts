import type { CgroupLimits } from './cgroup.ts';
import type { Controller } from './hierarchies.ts';

/** One write to a file of a cgroup. Optional files are those that not every kernel has. */
export interface LimitFile {
  readonly file: string;
  readonly value: string;
  readonly necessity: 'required' | 'optional';
}

/** The kernel's own default: long enough not to cost, short enough not to be felt. */
const periodUs = 100_000;
/** Less than this a period is refused by the kernel. */
const smallestQuotaUs = 1_000;

/**
 * The writes that put limits in force, in order. Swap is not given on top of memory: v1 counts both together in
 * `memsw`, which must not be below the memory limit, so it comes second.
 */
export function limitFiles(version: 1 | 2, controller: Controller, limits: CgroupLimits): LimitFile[] {
  const quotaUs = String(Math.max(smallestQuotaUs, Math.round(limits.cpus * periodUs)));
  const bytes = String(limits.memoryBytes);
  switch (controller) {
    case 'cpu':
      return version === 2
        ? [required('cpu.max', `${quotaUs} ${periodUs}`)]
        : [required('cpu.cfs_period_us', String(periodUs)), required('cpu.cfs_quota_us', quotaUs)];
    case 'memory':
      return version === 2
        ? [required('memory.max', bytes), optional('memory.swap.max', '0')]
        : [required('memory.limit_in_bytes', bytes), optional('memory.memsw.limit_in_bytes', bytes)];
    case 'pids':
      return [required('pids.max', String(limits.pids))];
  }
}

function required(file: string, value: string): LimitFile {
  return { file, value, necessity: 'required' };
}

function optional(file: string, value: string): LimitFile {
  return { file, value, necessity: 'optional' };
}
