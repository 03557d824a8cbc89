/** How much an archive may hold; what is beyond is refused while it is read, before it is counted to its end. */
export interface ArchiveBounds {
  /** Files, directories and links, with the directories that are only implied by what is in them. */
  readonly entries: number;
  /** Bytes of what is in it, unpacked; a hard link counts as a copy. */
  readonly bytes: number;
  /** Unpacked bytes for each byte of the archive, from `ratioFrom` unpacked bytes on. */
  readonly ratio: number;
}

export const archiveBounds: ArchiveBounds = { entries: 100_000, bytes: 5 * 2 ** 30, ratio: 200 };

/** A short archive of nothing but zeros is no bomb. */
export const ratioFrom = 16 * 2 ** 20;

/** What Linux takes as a path and as a name in it. */
export const longestPath = 4096;
export const longestName = 255;

/** All paths and link targets of an archive together, since the index keeps them in memory. */
export const mostNameBytes = 64 * 2 ** 20;

/** A content up to this size that a selection needs several times is kept in memory meanwhile. */
export const repeatableBytes = 16 * 2 ** 20;
/** For a larger one the archive is read once more for each time; at most so often. */
export const mostReadings = 32;
