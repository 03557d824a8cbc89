import { describeError } from '@wrenn/core';
import { log, logFault } from '../log.ts';
import { CgroupWorkload } from './cgroup-workload.ts';
import { machineSize } from './machine-size.ts';
import { makeOrdinary, preferDaemon } from './ordinary.ts';
import { unplaced, type Workload } from './workload.ts';

/**
 * The workload of a capsule: in control groups below `root` or, where the kernel has none, only after this daemon when
 * memory or processor time is short.
 */
export function capsuleWorkload(root: string): Workload {
  try {
    preferDaemon();
  } catch (thrown) {
    logFault('putting the daemon before other processes', thrown);
  }
  try {
    return new CgroupWorkload(root, machineSize());
  } catch (thrown) {
    log('no control groups: nothing is kept for the daemon', { reason: describeError(thrown) });
    return withoutGroups;
  }
}

const withoutGroups: Workload = {
  ...unplaced,
  adopt(pid, kind) {
    try {
      makeOrdinary(pid);
    } catch (thrown) {
      logFault(`making process ${pid} ordinary`, thrown);
    }
    return unplaced.adopt(pid, kind);
  },
};
