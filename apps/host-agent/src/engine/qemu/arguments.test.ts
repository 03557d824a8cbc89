import { describe, expect, it } from 'vitest';
import { slotAt } from '../../network/slot.ts';
import type { MachineSpec } from '../engine.ts';
import { qemuArguments } from './arguments.ts';

const spec: MachineSpec = {
  vcpus: 2,
  memoryMiB: 512,
  directory: '/w/cl-1/vm',
  slot: slotAt(7),
  cgroup: { name: 'cl-1', procsFiles: [] },
  images: {
    kernel: { version: '6.1', vmlinuz: '/i/vmlinuz', vmlinux: '/i/vmlinux', initrd: '/i/initrd', hash: 'k' },
    runtime: { path: '/i/runtime.ext4', hash: 'r', envdVersion: '1' },
  },
  disks: ['/t/disk.qcow2', '/w/cl-1/vm/disk.qcow2'],
  metadata: {},
};

/** Options that say how the machine starts, and not what it is. */
const startOptions = new Set(['-object', '-serial', '-incoming', '-global', '-kernel', '-initrd', '-append']);

function devicesOf(args: readonly string[]): string[] {
  const kept: string[] = [];
  for (const [index, argument] of args.entries()) {
    if (!startOptions.has(argument) && !startOptions.has(args[index - 1] ?? '')) kept.push(argument);
  }
  return kept;
}

describe('qemuArguments', () => {
  const boot = qemuArguments(spec, { kind: 'boot', memory: '/t/memory' }, 'emulated');
  const restore = qemuArguments(spec, { kind: 'restore', memory: '/t/memory' }, 'emulated');

  it('gives a restore the devices of the boot', () => {
    expect(devicesOf(restore)).toEqual(devicesOf(boot));
  });

  it('maps the memory of a snapshot privately, so that clones share it and none writes to it', () => {
    expect(restore).toContain('memory-backend-file,id=mem,size=512M,mem-path=/t/memory,share=off');
    expect(boot).toContain('memory-backend-file,id=mem,size=512M,mem-path=/t/memory,share=on');
  });

  it('keeps the console only while a template boots', () => {
    expect(boot.join(' ')).toContain('-serial file:/w/cl-1/vm/console.log');
    expect(restore.join(' ')).toContain('-serial null');
  });

  it('always confines', () => {
    for (const args of [boot, restore]) expect(args.join(' ')).toMatch(/-sandbox on,.*spawn=deny/);
  });

  it('opens the runtime drive read-only', () => {
    expect(boot.find((argument) => argument.includes('runtime.ext4'))).toContain('readonly=on');
  });

  it('cannot be given another option by a path', () => {
    const odd = qemuArguments(
      { ...spec, disks: ['/w/a,format=raw'] },
      { kind: 'restore', memory: '/m' },
      'kvm',
    );
    expect(odd.find((argument) => argument.startsWith('id=root'))).toContain(
      'file=/w/a,,format=raw,format=qcow2',
    );
  });

  it('asks for the hardware where there is hardware', () => {
    const kvm = qemuArguments(spec, { kind: 'boot', memory: '/t/memory' }, 'kvm').join(' ');
    expect(kvm).toContain('-accel kvm');
    expect(kvm).toContain('clocksource=kvm-clock');
  });
});
