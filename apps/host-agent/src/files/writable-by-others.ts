import { lstat, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '@wrenn/core';

/**
 * The first of a path and the folders above it that somebody else than root may write to, and so replace what lies in it;
 * undefined where there is none. What is not there is passed over. Others may make files in a sticky folder such as /tmp,
 * but not replace root's.
 */
export async function writableByOthers(path: string): Promise<string | undefined> {
  for (const each of await withFoldersAbove(path)) {
    const state = await stateOf(each);
    if (state === undefined) continue;
    if (state.uid !== 0 || (state.isOpen && !state.isSticky)) return each;
  }
  return undefined;
}

async function withFoldersAbove(path: string): Promise<string[]> {
  const known = await realpath(path).catch((thrown: unknown) => {
    if (systemCode(thrown) === 'ENOENT') return path;
    throw thrown;
  });
  const above = dirname(known);
  return above === known ? [known] : [known, ...(await withFoldersAbove(above))];
}

async function stateOf(
  path: string,
): Promise<{ readonly uid: number; readonly isOpen: boolean; readonly isSticky: boolean } | undefined> {
  try {
    const { uid, mode } = await lstat(path);
    return { uid, isOpen: (mode & 0o022) !== 0, isSticky: (mode & 0o1000) !== 0 };
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
