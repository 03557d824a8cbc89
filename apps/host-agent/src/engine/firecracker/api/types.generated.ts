// Made by `npm run generate` from spec/firecracker.json, which has the facts of Firecracker's API description.

export interface Balloon {
  readonly amount_mib: number;
  readonly deflate_on_oom: boolean;
  readonly stats_polling_interval_s?: number;
  readonly free_page_hinting?: boolean;
  readonly free_page_reporting?: boolean;
}

export interface BalloonUpdate {
  readonly amount_mib: number;
}

export interface BootSource {
  readonly boot_args?: string;
  readonly initrd_path?: string;
  readonly kernel_image_path: string;
}

export type CpuTemplate = 'C3' | 'T2' | 'T2S' | 'T2CL' | 'T2A' | 'V1N1' | 'None';

export interface Drive {
  readonly drive_id: string;
  readonly partuuid?: string;
  readonly is_root_device: boolean;
  /** Unless it is said: "Unsafe". */
  readonly cache_type?: 'Unsafe' | 'Writeback';
  readonly is_read_only?: boolean;
  readonly path_on_host?: string;
  readonly rate_limiter?: RateLimiter;
  /** Unless it is said: "Sync". */
  readonly io_engine?: 'Sync' | 'Async';
  readonly socket?: string;
}

export interface EntropyDevice {
  readonly rate_limiter?: RateLimiter;
}

export interface InstanceActionInfo {
  readonly action_type: 'FlushMetrics' | 'InstanceStart' | 'SendCtrlAltDel';
}

export interface InstanceInfo {
  readonly app_name: string;
  readonly id: string;
  readonly state: 'Not started' | 'Running' | 'Paused';
  readonly vmm_version: string;
}

export interface Logger {
  /** Unless it is said: "Info". */
  readonly level?: 'Error' | 'Warning' | 'Info' | 'Debug' | 'Trace' | 'Off';
  readonly log_path?: string;
  /** Unless it is said: false. */
  readonly show_level?: boolean;
  /** Unless it is said: false. */
  readonly show_log_origin?: boolean;
  readonly module?: string;
}

export interface MachineConfiguration {
  readonly cpu_template?: CpuTemplate;
  /** Unless it is said: false. */
  readonly smt?: boolean;
  readonly mem_size_mib: number;
  /** Unless it is said: false. */
  readonly track_dirty_pages?: boolean;
  readonly vcpu_count: number;
  /** Unless it is said: "None". */
  readonly huge_pages?: 'None' | 'Transparent' | '2M';
}

export interface MemoryBackend {
  readonly backend_type: 'File' | 'Uffd';
  readonly backend_path: string;
}

export interface MmdsConfig {
  /** Unless it is said: "V1". */
  readonly version?: 'V1' | 'V2';
  readonly network_interfaces: readonly string[];
  /** Unless it is said: "169.254.169.254". */
  readonly ipv4_address?: string;
  /** Unless it is said: false. */
  readonly imds_compat?: boolean;
}

export type MmdsContentsObject = Readonly<Record<string, unknown>>;

export interface NetworkInterface {
  readonly guest_mac?: string;
  readonly host_dev_name: string;
  readonly iface_id: string;
  readonly mtu?: number;
  readonly rx_rate_limiter?: RateLimiter;
  readonly tx_rate_limiter?: RateLimiter;
}

export interface NetworkOverride {
  readonly iface_id: string;
  readonly host_dev_name: string;
}

export interface PartialDrive {
  readonly drive_id: string;
  readonly path_on_host?: string;
  readonly rate_limiter?: RateLimiter;
}

export interface RateLimiter {
  readonly bandwidth?: TokenBucket;
  readonly ops?: TokenBucket;
}

export interface SerialDevice {
  readonly serial_out_path?: string;
  readonly rate_limiter?: TokenBucket;
}

export interface SnapshotCreateParams {
  readonly mem_file_path: string;
  readonly snapshot_path: string;
  readonly snapshot_type?: 'Full' | 'Diff';
}

export interface SnapshotLoadParams {
  readonly enable_diff_snapshots?: boolean;
  readonly track_dirty_pages?: boolean;
  readonly mem_file_path?: string;
  readonly mem_backend?: MemoryBackend;
  readonly snapshot_path: string;
  readonly resume_vm?: boolean;
  readonly network_overrides?: readonly NetworkOverride[];
  readonly vsock_override?: VsockOverride;
  readonly clock_realtime?: boolean;
  readonly huge_pages?: 'Snapshot' | 'None' | 'Transparent' | '2M';
}

export interface TokenBucket {
  readonly one_time_burst?: number;
  readonly refill_time: number;
  readonly size: number;
}

export interface Vm {
  readonly state: 'Paused' | 'Resumed';
}

export interface VsockOverride {
  readonly uds_path: string;
}
