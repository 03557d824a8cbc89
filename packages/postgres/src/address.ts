import { readFile } from 'node:fs/promises';
import { systemCode, WrennError } from '@wrenn/core';
import { owner } from './cluster.ts';
import { type Layout, placesBelow } from './layout.ts';

/** The address of one of a cluster's databases; contains the password. */
export function addressOf(layout: Layout, password: string, database: string): string {
  return `postgres://${owner}:${encodeURIComponent(password)}@/${database}?host=${encodeURIComponent(layout.run)}`;
}

/** The address of the embedded server below `directory`, which somebody else has started. */
export async function embeddedPostgresUrl(directory: string): Promise<string> {
  const layout = placesBelow(directory);
  try {
    return addressOf(layout, (await readFile(layout.password, 'utf8')).trim(), owner);
  } catch (cause) {
    if (systemCode(cause) !== 'ENOENT') throw cause;
    throw new WrennError('missing_prerequisite', `there is no database below ${directory}`, { cause });
  }
}
