import { basename, dirname, join } from 'node:path/posix';
import { WrennError } from '@wrenn/core';
import { quote } from '../registry/quote.ts';
import type { SelectionShape } from './select.ts';

/** Where a selection goes. */
export interface Placement {
  /** The directory that the tar is to be unpacked in. */
  readonly directory: string;
  /** What the one file is called there, if the destination is not a directory to put it in. */
  readonly name: string | undefined;
}

/** Whether a destination can only be a directory: it ends in a slash or in a dot. */
export function isDirectoryDestination(destination: string): boolean {
  return ['', '.', '..'].includes(destination.slice(destination.lastIndexOf('/') + 1));
}

/**
 * COPY's rule: one file goes to the destination itself, or into it if that is written as a directory. Whoever knows
 * that a directory is there already adds the slash.
 */
export function placement(destination: string, shape: SelectionShape): Placement {
  const isDirectory = isDirectoryDestination(destination);
  if (shape === 'file' && !isDirectory) {
    return { directory: dirname(destination), name: basename(destination) };
  }
  if (shape === 'several' && !isDirectory) {
    throw new WrennError(
      'invalid_request',
      `COPY: there are several sources, but the destination ${quote(destination)} is not written as a directory`,
      { remedy: 'end the destination in a slash' },
    );
  }
  const tidy = join(destination);
  return { directory: tidy.length > 1 && tidy.endsWith('/') ? tidy.slice(0, -1) : tidy, name: undefined };
}

/** The path of an item of a selection in the guest. */
export function targetPath(destination: string, shape: SelectionShape, target: string): string {
  const { directory, name } = placement(destination, shape);
  return join(directory, name ?? target);
}
