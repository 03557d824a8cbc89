import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode, type TeamId } from '@wrenn/core';
import type { Database } from '../db/database.ts';
import { createKey, findKey } from '../keys/store.ts';

/** Sees to it that `path` holds a key of the team. The key's text is nowhere else. */
export async function ensureKeyFile(database: Database, teamId: TeamId, path: string): Promise<void> {
  const found = await read(path);
  if (found !== undefined && (await findKey(database, found))?.principal.team.id === teamId) return;
  const { key } = await createKey(database, { teamId, name: 'local' });
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.partial`, `${key.reveal()}\n`, { mode: 0o600 });
  await rename(`${path}.partial`, path);
}

async function read(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
