import type { Tally } from './tally.ts';

/** One record of an archive as it is read, with nothing checked but its type. */
export interface Member {
  /** The how-manieth member of the archive it is, from 0. */
  readonly number: number;
  readonly name: string;
  readonly type: 'file' | 'directory' | 'symlink' | 'link';
  readonly mode: number;
  readonly mtime: number;
  readonly size: number;
  /** Of a hard link of a tar: the name of the file; of a symbolic one: where it points. */
  readonly target: string;
  /** The content of a file. It is read before the next member is asked for, or not at all. */
  readonly chunks: AsyncIterable<Buffer>;
}

/** Reads an archive from its start, as often as it is called; `tally` bounds what that yields. */
export type ReadMembers = (tally: Tally, signal: AbortSignal) => AsyncGenerator<Member, void, void>;
