import { describe, expect, it } from 'vitest';
import { slotAt } from '../../network/slot.ts';
import { commandOf } from './start-vmm.ts';

const spec = { directory: '/w/vm', slot: slotAt(7), cgroup: { name: 'cl-1', procsFiles: [] } };
const build = {
  id: '1.16.2 sha256:0',
  version: { major: 1, minor: 16, patch: 2 },
  program: '/b/firecracker',
  jailer: undefined,
};
const start = { spec, build, files: [], largestFileBytes: 1000, jails: '/w/jails' };

describe('the command that runs Firecracker', () => {
  it('is its jailer, by the options of its documents, where the build has one', () => {
    expect(commandOf({ ...start, build: { ...build, jailer: '/b/jailer' } })).toEqual([
      '/b/jailer',
      ...['--id', 'slot-7', '--exec-file', '/b/firecracker', '--uid', '210007', '--gid', '210000'],
      ...['--netns', '/run/netns/wrenn-ns-7', '--chroot-base-dir', '/w/jails'],
      ...['--resource-limit', 'fsize=1000', '--resource-limit', 'no-file=2048'],
      ...['--', '--api-sock', '/tmp/fc-vm/api.sock'],
    ]);
  });

  it('gives up groups and privileges before, in the slot’s namespace, where it has none', () => {
    const command = commandOf(start);
    expect(command.slice(0, 4)).toEqual(['ip', 'netns', 'exec', 'wrenn-ns-7']);
    expect(command).toEqual(
      expect.arrayContaining(['--reuid=210007', '--regid=210000', '--clear-groups', '--no-new-privs']),
    );
    expect(command.slice(-5)).toEqual([
      '/b/firecracker',
      '--id',
      'slot-7',
      '--api-sock',
      '/tmp/fc-vm/api.sock',
    ]);
  });
});
