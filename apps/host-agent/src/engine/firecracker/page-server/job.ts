import type { MemoryRange } from '../../engine.ts';

/** What a page server is told, in a file that only root may read or write. */
export interface PageServerJob {
  /** Where it is to listen; nothing is there yet. */
  readonly socketPath: string;
  /** Who may connect, and as whom the server itself runs once it has opened its files. */
  readonly peer: { readonly uid: number; readonly gid: number };
  readonly memoryBytes: number;
  /** File of the whole memory. */
  readonly base: string;
  /** Where the memory differs from it: ascending, disjoint. */
  readonly changes: readonly MemoryRange[];
  /** What an earlier machine needed of this memory; the file may be missing. */
  readonly prefetch: string | undefined;
  /** Where to note what this one needs. */
  readonly recordTo: string;
}
