import { guest, metadataEndpoint } from '../../network/slot.ts';
import type { MachineShape } from '../engine.ts';
import type { FirecrackerApi } from './api/client.ts';
import type { RateLimiter } from './api/types.generated.ts';
import { type GuestConsole, kernelCommandLine } from './kernel-command-line.ts';
import { inView } from './place.ts';

/** The one interface's name, as the API has it. */
const networkInterface = 'eth0';

/** 200 MB/s, and 100 MB at once before that counts; tried by the predecessor for what guests send. */
const networkLimit: RateLimiter = {
  bandwidth: { size: 209_715_200, refill_time: 1_000, one_time_burst: 104_857_600 },
};

export interface BootOptions extends MachineShape {
  readonly console: GuestConsole;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Configures a fresh Firecracker and lets the guest boot. Devices come in this order, so the guest finds them in it. */
export async function bootGuest(
  api: FirecrackerApi,
  { vcpus, memoryMiB, console, metadata }: BootOptions,
  signal: AbortSignal,
): Promise<void> {
  await api.putLogger(logger, signal);
  if (console === 'serial') await api.putSerial({ serial_out_path: inView('console') }, signal);
  await api.putBootSource(
    {
      kernel_image_path: inView('kernel'),
      initrd_path: inView('initrd'),
      boot_args: kernelCommandLine({ console }),
    },
    signal,
  );
  await api.putDrive(
    {
      drive_id: 'rootfs',
      path_on_host: inView('rootfs'),
      is_root_device: true,
      is_read_only: false,
      // What the guest flushed must survive the VMM; by default a flush does nothing.
      cache_type: 'Writeback',
    },
    signal,
  );
  await api.putDrive(
    { drive_id: 'runtime', path_on_host: inView('runtime'), is_root_device: false, is_read_only: true },
    signal,
  );
  await api.putNetworkInterface(
    {
      iface_id: networkInterface,
      host_dev_name: guest.tap,
      guest_mac: guest.mac,
      tx_rate_limiter: networkLimit,
      rx_rate_limiter: networkLimit,
    },
    signal,
  );
  await api.putMachineConfig(
    { vcpu_count: vcpus, mem_size_mib: memoryMiB, smt: false, track_dirty_pages: true },
    signal,
  );
  await api.putMmdsConfig(
    { version: 'V2', network_interfaces: [networkInterface], ipv4_address: metadataEndpoint.address },
    signal,
  );
  await api.putMmds(metadata, signal);
  // Nothing is taken from the guest until somebody asks; it gets it back before it runs out.
  await api.putBalloon({ amount_mib: 0, deflate_on_oom: true, stats_polling_interval_s: 0 }, signal);
  await api.putEntropy({}, signal);
  await api.start(signal);
}

/** How a restored guest comes to its memory: `file` is the template's, mapped; `page_server` fetches it when it is touched. */
export type MemoryBackend = 'file' | 'page_server';

/** Loads a snapshot into a fresh Firecracker and lets the guest go on. */
export async function restoreGuest(
  api: FirecrackerApi,
  options: { readonly memory: MemoryBackend; readonly metadata: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<void> {
  await api.putLogger(logger, signal);
  await api.loadSnapshot(
    {
      snapshot_path: inView('deviceState'),
      mem_backend:
        options.memory === 'file'
          ? { backend_type: 'File', backend_path: inView('memoryBase') }
          : { backend_type: 'Uffd', backend_path: inView('pageServer') },
      track_dirty_pages: true,
      resume_vm: false,
    },
    signal,
  );
  // The service's settings are in the snapshot, what it tells is not.
  await api.putMmds(options.metadata, signal);
  await api.setVm('Resumed', signal);
}

const logger = {
  log_path: inView('log'),
  level: 'Warning',
  show_level: true,
  show_log_origin: false,
} as const;
