import { guest } from '../../network/slot.ts';
import { consoleFile } from '../console.ts';
import type { Isolation, MachineSpec } from '../engine.ts';

export const qemuProgram = 'qemu-system-x86_64';

/** How the machine gets its memory and its first state. */
export type QemuStart =
  /** From the kernel; what the guest writes ends up in the memory file. */
  | { readonly kind: 'boot'; readonly memory: string }
  /** Waits for device state; the memory file is mapped privately, so what the guest writes stays in the process. */
  | { readonly kind: 'restore'; readonly memory: string };

/** Files of a machine inside its directory. */
export const machineFiles = {
  control: 'qmp.sock',
  incoming: 'incoming.sock',
  console: consoleFile,
  log: 'qemu.log',
} as const;

/**
 * Translated code that one emulated machine may keep, in MiB. QEMU's own default is a gigabyte, which would decide
 * how many emulated capsules fit on a host. A cache that is full is thrown away as a whole: with 32 that happened within
 * the first two commands of a capsule, and its first terminal took twice as long. An idle capsule fills some 24.
 */
const translationCacheMiB = 64;

/**
 * QEMU's command line, built from typed values only. A restore must be given the same devices in the same order as
 * the boot that its snapshot came from. `tscKhz` is the host's, see host-tsc.ts; only an emulated boot needs it.
 */
export function qemuArguments(
  spec: MachineSpec,
  start: QemuStart,
  isolation: Isolation,
  tscKhz?: number,
): string[] {
  const file = (name: keyof typeof machineFiles) => `${spec.directory}/${machineFiles[name]}`;
  return [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
    ...['-accel', isolation === 'kvm' ? 'kvm' : `tcg,tb-size=${translationCacheMiB}`],
    ...['-cpu', isolation === 'kvm' ? 'host' : 'max'],
    // PIT and PIC stay on: without them the guest hangs at boot under emulation.
    ...['-M', 'microvm,rtc=on,memory-backend=mem,suppress-vmdesc=on'],
    ...['-smp', String(spec.vcpus), '-m', String(spec.memoryMiB)],
    ...['-object', memoryBackend(spec.memoryMiB, start)],
    ...(start.kind === 'boot' ? kernelArguments(spec, isolation, tscKhz) : []),
    // The others are named in it.
    ...drive('root', `file=${option(spec.disks.at(-1) ?? '')},format=qcow2,discard=unmap`),
    ...drive('runtime', `file=${option(spec.images.runtime.path)},format=raw,readonly=on`),
    ...['-netdev', `tap,id=net,ifname=${guest.tap},script=no,downscript=no`],
    ...['-device', `virtio-net-device,netdev=net,mac=${guest.mac}`],
    // The console is kept while a template boots, for the builder to show; after that the guest could fill the disk.
    ...['-serial', start.kind === 'boot' ? `file:${file('console')}` : 'null'],
    ...['-qmp', `unix:${option(file('control'))},server=on,wait=off`],
    ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
    ...(start.kind === 'restore'
      ? ['-incoming', 'defer', '-global', 'migration.send-configuration=off']
      : []),
  ];
}

/** Only for a boot: a restored guest has its kernel in memory, and reading it again is a fifth of QEMU's start. */
function kernelArguments(spec: MachineSpec, isolation: Isolation, tscKhz: number | undefined): string[] {
  const { vmlinuz, initrd } = spec.images.kernel;
  return ['-kernel', vmlinuz, '-initrd', initrd, '-append', kernelCommandLine(isolation, tscKhz)];
}

function kernelCommandLine(isolation: Isolation, tscKhz: number | undefined): string {
  const common = 'console=ttyS0 quiet panic=-1 reboot=t';
  if (isolation === 'kvm') return `${common} clocksource=kvm-clock`;
  // Reliable: on a busy host the kernel would find it too slow, and fall back to counting its own timer interrupts.
  return `${common} wrenn.emulated tsc=reliable${tscKhz === undefined ? '' : ` tsc_early_khz=${tscKhz}`}`;
}

function memoryBackend(memoryMiB: number, start: QemuStart): string {
  const share = start.kind === 'boot' ? 'on' : 'off';
  return `memory-backend-file,id=mem,size=${memoryMiB}M,mem-path=${option(start.memory)},share=${share}`;
}

function drive(id: string, options: string): string[] {
  return ['-drive', `id=${id},if=none,${options}`, '-device', `virtio-blk-device,drive=${id},serial=${id}`];
}

/** A value inside a comma-separated option: QEMU reads a doubled comma as one. */
function option(value: string): string {
  return value.replaceAll(',', ',,');
}
