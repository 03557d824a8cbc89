import type { Metadata } from '../filesystem/metadata.ts';
import { baseName, cleanPath } from '../filesystem/path-parts.ts';

/** What a client is told of a file that was written. */
export interface WrittenFile {
  readonly name: string;
  readonly path: string;
  readonly type: 'file';
  /** Absent when there is none. */
  readonly metadata?: Metadata;
}

export function writtenFile(resolvedPath: string, metadata: Metadata): WrittenFile {
  const path = cleanPath(resolvedPath);
  const noted = Object.keys(metadata).length === 0 ? {} : { metadata };
  return { name: baseName(path), path, type: 'file', ...noted };
}
