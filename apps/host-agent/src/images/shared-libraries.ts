import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode, WrennError } from '@wrenn/core';
import { run } from '../process/run.ts';

const timeoutMs = 30_000;

/**
 * The libraries that `programs` need to run, and those that they need in turn, by file name; all of them are in
 * `libraryDirectory`. Throws `internal_error` naming one that is not.
 */
export async function sharedLibraries(
  programs: readonly string[],
  libraryDirectory: string,
  signal: AbortSignal,
): Promise<string[]> {
  const known = new Set<string>();
  for (let pending = programs; pending.length > 0; ) {
    const names = neededLibraries(await readDynamic(pending, signal));
    const fresh = [...new Set(names)].filter((name) => !known.has(name));
    for (const name of fresh) {
      await requireLibrary(libraryDirectory, name);
      known.add(name);
    }
    pending = fresh.map((name) => join(libraryDirectory, name));
  }
  return [...known].sort();
}

/** The names in the NEEDED lines of `readelf --dynamic`. */
export function neededLibraries(text: string): string[] {
  return [...text.matchAll(/\(NEEDED\)[^[\n]*\[([^\]\n]+)\]/g)].flatMap((match) => match[1] ?? []);
}

async function readDynamic(paths: readonly string[], signal: AbortSignal): Promise<string> {
  const { stdout } = await run(['readelf', '--dynamic', '--wide', ...paths], { signal, timeoutMs });
  return stdout;
}

async function requireLibrary(directory: string, name: string): Promise<void> {
  try {
    await access(join(directory, name));
  } catch (thrown) {
    if (systemCode(thrown) !== 'ENOENT') throw thrown;
    throw new WrennError(
      'internal_error',
      `a program of the runtime drive needs ${name}, which is not there`,
      {
        cause: thrown,
      },
    );
  }
}
