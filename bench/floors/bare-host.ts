import { join } from 'node:path';
import { createLogger } from '@wrenn/service';
import type { MachineSpec } from '../../apps/host-agent/src/engine/engine.ts';
import { qemuArguments } from '../../apps/host-agent/src/engine/qemu/arguments.ts';
import { findImages } from '../../apps/host-agent/src/images/images.ts';
import { SlotPool } from '../../apps/host-agent/src/network/slot-pool.ts';
import { probeKvm } from '../../apps/host-agent/src/setup/probe-kvm.ts';
import type { BenchmarkContext } from '../benchmark.ts';
import { type BareMachine, startBareMachine } from './bare-machine.ts';

/** Slots of the benchmarks: away from those of an installation. */
const range = { first: 28_000, count: 33 };

/** Starts bare machines of one template on network slots of its own, which are ready before the clock starts. */
export interface BareHost extends AsyncDisposable {
  /** `prepare` takes the slot, `start` is what is timed. */
  prepare(): Promise<{ start(): Promise<BareMachine>; release(): Promise<void> }>;
}

export async function openBareHost(
  { wrenn, signal }: BenchmarkContext,
  shape: { vcpus: number; memoryMiB: number },
): Promise<BareHost> {
  const options = { cacheDirectory: wrenn.cacheDirectory, report: () => undefined, signal };
  const images = await findImages(options);
  const isolation = (await probeKvm({ images, ...options })) ? 'kvm' : 'emulated';
  const templateDirectory = await wrenn.templateDirectory('minimal', shape.vcpus, shape.memoryMiB);
  const slots = await SlotPool.open({ range, ready: 0, log: createLogger('bench', 'silent'), signal });
  await slots.sweep(new Set());
  const kernel = ['-kernel', images.kernel.vmlinuz, '-initrd', images.kernel.initrd];
  let count = 0;
  return {
    async prepare() {
      const slot = await slots.acquire(signal);
      const directory = join(wrenn.directory, `bench-${process.pid}-${count++}`);
      const specOf = (machineDirectory: string): MachineSpec => ({
        ...shape,
        directory: machineDirectory,
        slot,
        cgroup: { name: '', procsFiles: [] },
        images,
        disks: [join(machineDirectory, 'disk.qcow2')],
        metadata: {},
      });
      const start = { kind: 'restore', memory: join(templateDirectory, 'memory') } as const;
      return {
        start: () =>
          startBareMachine({
            slot,
            directory,
            templateDirectory,
            // With the kernel, as in the plain sequence; ours leaves it out.
            qemuArguments: (place) => [...qemuArguments(specOf(place), start, isolation), ...kernel],
          }),
        release: () => slots.release(slot),
      };
    },
    [Symbol.asyncDispose]: () => slots.close(),
  };
}
