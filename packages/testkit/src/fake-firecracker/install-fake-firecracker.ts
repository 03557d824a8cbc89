import { constants } from 'node:fs';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

export interface FakeFirecrackerOptions {
  /** As `1.16.2`. */
  readonly version: string;
  /** A file that each of them appends its requests to, as lines of JSON with its ID; its users must be able to write it. */
  readonly journal?: string;
}

const sources = fileURLToPath(new URL('..', import.meta.url));
const programs = {
  firecracker: 'fake-firecracker/fake-firecracker.ts',
  thread: 'userfault-peer/memory-worker.ts',
};

/**
 * Makes `DIRECTORY/VERSION/firecracker`, which any user can run who can reach the directory, and returns its path. What it
 * needs lies beside it, by absolute path: the folder cannot be moved, nor copied into a jail.
 */
export async function installFakeFirecracker(
  directory: string,
  { version, journal }: FakeFirecrackerOptions,
): Promise<string> {
  const parts = join(directory, version, 'fake');
  await mkdir(parts, { recursive: true, mode: 0o755 });
  await bundle(parts);
  const node = join(parts, 'node');
  // A clone where the file system has them: it is a large file.
  await copyFile(process.execPath, node, constants.COPYFILE_FICLONE);
  await chmod(node, 0o755);
  const environment = {
    FAKE_FIRECRACKER_VERSION: version,
    FAKE_FIRECRACKER_THREAD: join(parts, 'thread.cjs'),
    ...(journal === undefined ? {} : { FAKE_FIRECRACKER_JOURNAL: journal }),
  };
  const exports = Object.entries(environment).map(([name, value]) => `export ${name}=${quoted(value)}`);
  const start = `exec ${quoted(node)} ${quoted(join(parts, 'firecracker.cjs'))} "$@"`;
  const program = join(directory, version, 'firecracker');
  await writeFile(
    program,
    ['#!/bin/sh', '# A fake Firecracker, for tests.', ...exports, start, ''].join('\n'),
  );
  await chmod(program, 0o755);
  return program;
}

async function bundle(directory: string): Promise<void> {
  await build({
    absWorkingDir: sources,
    entryPoints: programs,
    outdir: directory,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    logLevel: 'silent',
    plugins: [koffiBesideTheBundle],
  });
  const manifest = createRequire(import.meta.url).resolve('@koromix/koffi-linux-x64/package.json');
  await copyFile(join(dirname(manifest), 'linux_x64', 'koffi.node'), join(directory, 'koffi.node'));
  for (const file of ['firecracker.cjs', 'thread.cjs', 'koffi.node'])
    await chmod(join(directory, file), 0o644);
}

/** koffi's own loader looks for its native file in `node_modules`, where the user of a slot may not. */
const koffiBesideTheBundle: Plugin = {
  name: 'koffi beside the bundle',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^koffi$/ }, () => ({ path: 'koffi', namespace: 'koffi-native' }));
    onResolve({ filter: /\.node$/ }, ({ path }) => ({ path, external: true }));
    onLoad({ filter: /.*/, namespace: 'koffi-native' }, () => ({
      contents: "module.exports = require('./koffi.node');",
      loader: 'js',
    }));
  },
};

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
