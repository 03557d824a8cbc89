export interface DiskOwner {
  readonly uid: number;
  readonly gid: number;
}

export interface NewDisk {
  /** Where it is made; nothing may be there. */
  readonly path: string;
  /** What it lies on, by absolute paths: from the template's disk, which holds everything, up to the topmost. */
  readonly below: readonly [string, ...string[]];
  /** The blank disk that the template keeps, see `finishTemplate`. */
  readonly like: string;
  readonly owner: DiskOwner;
}

export interface CopiedDisk {
  readonly from: string;
  /** Nothing may be there. */
  readonly to: string;
  readonly owner: DiskOwner;
}

export interface MergeOptions {
  /** From the lowest, which lies on `base`, to the topmost. */
  readonly chain: readonly string[];
  readonly base: string;
  /** Where the merged disk is made, which lies on `base`; nothing may be there. */
  readonly destination: string;
  readonly signal: AbortSignal;
}

export interface FlattenOptions {
  /** From the lowest above `base` to the topmost, none of which is written to meanwhile; not empty. */
  readonly chain: readonly string[];
  readonly base: string;
  /** Where the file is made; nothing may be there. Its folder can be reached by `reader`. */
  readonly destination: string;
  /** Whose machine wrote the chain: what this user may not read does not get into the file. */
  readonly reader: DiskOwner;
  readonly signal: AbortSignal;
}

/** A template's own disk, which is made of an image while the template is built. */
export interface TemplateDisk {
  readonly path: string;
  readonly owner: DiskOwner;
  /** A root file system, as it is on a drive. */
  readonly image: string;
}

export interface FinishedTemplate {
  readonly disk: string;
  readonly diskInPlace: string;
  readonly blank: string;
  /** What the disk was made of. */
  readonly image: string;
}

/**
 * `switch`: the machine is told to write to a new disk above its own, see `Machine.switchDisk`. `copy`: a copy of its disk
 * is sealed, made while its guest stands still, and it goes on with its own.
 */
export type DiskSealing =
  | { readonly by: 'switch' }
  | { readonly by: 'copy'; copy(disk: CopiedDisk, signal: AbortSignal): Promise<void> };

/**
 * How an engine's disks are made and put together. What is made by one method is read only by it: a snapshot says which
 * engine it is of, and a host has one method as long as it has one file system.
 */
export interface EngineDisks {
  readonly method: 'qcow2' | 'reflink' | 'dm_snapshot' | 'sparse_copy';
  /** `layer`: a disk holds what differs from those beneath it; `whole`: it holds everything, and lies on nothing. */
  readonly kind: 'layer' | 'whole';
  /** Of file names, with its dot. */
  readonly suffix: string;
  /** Names of a template's own disk, and of the blank one beside it, see `finishTemplate`. */
  readonly templateFiles: { readonly disk: string; readonly blank: string };
  /** A disk with the content of what is below it, which a machine may then write to. */
  make(disk: NewDisk, signal: AbortSignal): Promise<void>;
  /** How what a machine that goes on has written becomes a disk that is never written to again. */
  readonly sealing: DiskSealing;
  makeTemplateDisk(disk: TemplateDisk, signal: AbortSignal): Promise<void>;
  /**
   * Makes at `blank`, where that helps, what new disks are made from faster than without. `disk` is the template's, which
   * is complete; later it is found at `diskInPlace`. Returns the files that it made. Throws for a disk that does not lie
   * on `image`, as it was made.
   */
  finishTemplate(template: FinishedTemplate, signal: AbortSignal): Promise<readonly string[]>;
  /** One disk with the content of several `layer`s. */
  merge(options: MergeOptions): Promise<void>;
  /** A file that is as a drive is, sparse, with all that is read through a chain; it belongs to root. */
  flatten(options: FlattenOptions): Promise<void>;
}
