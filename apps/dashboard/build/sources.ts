import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemCode } from '@wrenn/core';

export const dashboard = fileURLToPath(new URL('..', import.meta.url));

/** All that a build is made of. The lock file stands for every dependency. */
const parts = [
  'src',
  'static',
  'build',
  'package.json',
  'vite.config.ts',
  'tsconfig.pages.json',
  '../../spec/openapi.json',
  '../../packages/core/src',
  '../../packages/sdk/src',
  '../../package-lock.json',
];

export async function sourcesHash(): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts)
    for (const file of await filesIn(join(dashboard, part)))
      hash.update(`${file.slice(dashboard.length)}\0`).update(await readFile(file));
  return hash.digest('hex');
}

async function filesIn(path: string): Promise<string[]> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((thrown: unknown) => {
    if (systemCode(thrown) === 'ENOTDIR') return undefined;
    throw thrown;
  });
  if (entries === undefined) return [path];
  const files = entries.filter((entry) => entry.isFile());
  return files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
}
