/** What a virtual machine is made of besides its own state. Immutable, named by the hash of what made it. */
export interface ImageSet {
  readonly kernel: {
    /** As `uname -r` says it in the guest. */
    readonly version: string;
    readonly vmlinuz: string;
    /** The same without compression, an ELF file, as Firecracker wants it. */
    readonly vmlinux: string;
    readonly initrd: string;
    readonly hash: string;
  };
  /** The read-only drive that all capsules share: envd, its Node and loader, busybox, tini and the init script. */
  readonly runtime: {
    readonly path: string;
    readonly hash: string;
    readonly envdVersion: string;
  };
  /** Root file systems by template name; ext4, sparse. */
  readonly rootfs: Readonly<Record<string, RootfsImage>>;
}

export interface RootfsImage {
  readonly path: string;
  readonly hash: string;
  readonly sizeMiB: number;
}
