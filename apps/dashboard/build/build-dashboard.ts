import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { systemCode, WrennError } from '@wrenn/core';
import { compressFiles } from './compress.ts';
import { moveInlineScript } from './inline-script.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { dashboard, sourcesHash } from './sources.ts';

/** Says of which sources a build is; written last, so that half a build is none. */
const stampName = '.sources';
const output = join(dashboard, 'dist');

/**
 * Files that any web server can serve, in `apps/dashboard/dist`, with a gzip and a brotli form beside each that gains by
 * it. Returns the folder. Does nothing when the sources are those of the last build.
 */
export function buildDashboard(): Promise<{ readonly value: string; readonly cached: boolean }> {
  return oneAtATime(`building ${output}`, build);
}

async function build(): Promise<{ readonly value: string; readonly cached: boolean }> {
  const hash = await sourcesHash();
  if ((await stampOf(output)) === hash) return { value: output, cached: true };
  await generateTypes();
  await rm(output, { recursive: true, force: true });
  await run('vite', ['build', '--logLevel', 'warn']);
  await moveInlineScript(output);
  await compressFiles(output);
  await writeFile(join(output, `${stampName}.part`), hash);
  await rename(join(output, `${stampName}.part`), join(output, stampName));
  return { value: output, cached: false };
}

/** The types of the API, from its description: what the pages send and show is checked against it. */
export async function generateTypes(): Promise<void> {
  await mkdir(join(dashboard, '.generated'), { recursive: true });
  const document = join(dashboard, '../../spec/openapi.json');
  await run('openapi-typescript', [document, '--output', join(dashboard, '.generated/api.d.ts')]);
}

/** Runs a program of one of the packages that the dashboard depends on. */
async function run(name: string, args: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, [await binary(name), ...args], {
      cwd: dashboard,
      maxBuffer: 8 * 1024 * 1024,
    });
  } catch (cause) {
    throw new WrennError('internal_error', `building the dashboard: ${name} failed`, { cause });
  }
}

async function binary(name: string): Promise<string> {
  // Not by its exports: some packages keep their manifest to themselves.
  const folders = createRequire(join(dashboard, 'package.json')).resolve.paths(name) ?? [];
  const manifest = folders.map((folder) => join(folder, name, 'package.json')).find(existsSync);
  if (manifest === undefined) throw new WrennError('internal_error', `${name} is not installed`);
  const { bin } = JSON.parse(await readFile(manifest, 'utf8')) as { bin: string | Record<string, string> };
  return join(manifest, '..', typeof bin === 'string' ? bin : (bin[name] ?? ''));
}

async function stampOf(folder: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, stampName), 'utf8');
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}
