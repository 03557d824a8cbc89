import { describeError } from '@wrenn/core';
import { log } from '../log.ts';
import { CgroupWorkload } from './cgroup-workload.ts';
import { machineSize } from './machine-size.ts';
import { Preference } from './preference.ts';
import { unplaced, type Workload } from './workload.ts';

/**
 * The workload of a capsule: in control groups below `root` or, where the kernel has none, only after this daemon when
 * memory or processor time is short.
 */
export function capsuleWorkload(root: string): Workload {
  const preference = new Preference();
  try {
    return new CgroupWorkload(root, machineSize(), preference);
  } catch (thrown) {
    log('no control groups: nothing is kept for the daemon', { reason: describeError(thrown) });
    return { ...unplaced, start: (spawn) => preference.without(spawn) };
  }
}
