import { describe, expect, it } from 'vitest';
import { parseCgroupMounts } from './hierarchies.ts';

describe('parseCgroupMounts', () => {
  it('reads hierarchies of version 1, also those with several controllers', () => {
    const mountinfo = `25 30 0:22 / /sys rw,nosuid - sysfs sysfs rw
34 25 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid shared:9 - cgroup cgroup rw,cpu,cpuacct
35 25 0:31 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
36 25 0:32 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
`;
    expect(parseCgroupMounts(mountinfo)).toEqual([
      { version: 1, root: '/sys/fs/cgroup/cpu,cpuacct', controllers: ['cpu'] },
      { version: 1, root: '/sys/fs/cgroup/memory', controllers: ['memory'] },
      { version: 1, root: '/sys/fs/cgroup/systemd', controllers: [] },
    ]);
  });

  it('reads the unified hierarchy, and spaces in a path', () => {
    const mountinfo = '30 23 0:26 / /mnt/my\\040groups rw,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate';
    expect(parseCgroupMounts(mountinfo)).toEqual([{ version: 2, root: '/mnt/my groups', controllers: [] }]);
  });

  it('finds nothing in an empty or unfinished table', () => {
    expect(parseCgroupMounts('')).toEqual([]);
    expect(parseCgroupMounts('34 25 0:30 /')).toEqual([]);
  });
});
