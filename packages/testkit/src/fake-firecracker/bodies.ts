/** Of the bodies that the description allows, what the fake looks at. */
export interface Drive {
  readonly drive_id: string;
  readonly is_root_device: boolean;
  readonly is_read_only?: boolean;
  readonly path_on_host?: string;
  readonly socket?: string;
}

/** What a PATCH of a drive may have. */
export interface DriveChange {
  readonly drive_id: string;
  readonly path_on_host?: string;
}

export interface NetworkInterface {
  readonly iface_id: string;
  readonly host_dev_name: string;
  readonly guest_mac?: string;
}

export interface MachineConfig {
  readonly vcpu_count: number;
  readonly mem_size_mib: number;
  readonly smt?: boolean;
  readonly track_dirty_pages?: boolean;
  readonly huge_pages?: string;
}

export interface BootSource {
  readonly kernel_image_path: string;
  readonly initrd_path?: string;
  readonly boot_args?: string;
}

export interface MmdsConfig {
  readonly network_interfaces: readonly string[];
}

export interface Balloon {
  readonly amount_mib: number;
}

export interface SnapshotCreate {
  readonly mem_file_path: string;
  readonly snapshot_path: string;
  readonly snapshot_type?: 'Full' | 'Diff';
}

export interface SnapshotLoad {
  readonly snapshot_path: string;
  readonly mem_file_path?: string;
  readonly mem_backend?: { readonly backend_type: 'File' | 'Uffd'; readonly backend_path: string };
  readonly track_dirty_pages?: boolean;
  readonly enable_diff_snapshots?: boolean;
  readonly resume_vm?: boolean;
  readonly network_overrides?: readonly { readonly iface_id: string; readonly host_dev_name: string }[];
}

/** What the fake's snapshot file has, as JSON. What the guest is told of itself is not in it, as in Firecracker's. */
export interface SavedState {
  readonly fakeFirecracker: string;
  readonly machine: MachineConfig;
  readonly drives: readonly Drive[];
  readonly interfaces: readonly NetworkInterface[];
  readonly mmds: MmdsConfig | null;
  readonly balloon: Balloon | null;
}
