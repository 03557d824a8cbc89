interface EntryBase {
  /** Relative to the archive's root, without `.`, `..` and empty parts. */
  readonly path: string;
  /**
   * Permission bits with setuid, setgid and sticky. They are kept, as Docker's COPY does: the file is unpacked in the
   * guest only, where whoever writes the recipe is root anyway.
   */
  readonly mode: number;
  /** In seconds since 1970. */
  readonly mtime: number;
}

export interface FileEntry extends EntryBase {
  readonly kind: 'file';
  readonly size: number;
  /** Of the content, in hexadecimal. */
  readonly sha256: string;
  /** The member that holds the content. A hard link is a file with the content of another one's member. */
  readonly member: number;
}

export interface DirectoryEntry extends EntryBase {
  readonly kind: 'directory';
}

export interface SymlinkEntry extends EntryBase {
  readonly kind: 'symlink';
  readonly linkTarget: string;
}

export type ArchiveEntry = FileEntry | DirectoryEntry | SymlinkEntry;
