import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import module from 'node:module';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BootstrapFault } from './fault.mjs';

/**
 * Runs a TypeScript entry under the pinned Node: in this process where that is the Node that runs, which saves the
 * start of a second one, else in a child that gets this process's signals and gives it its exit code.
 *
 * @param {URL} root the repository
 * @param {string} entry relative to `root`
 * @param {readonly string[]} given its arguments
 */
export async function runEntry(root, entry, given) {
  const file = resolve(fileURLToPath(root), entry);
  // Compiled code is kept between starts. Not in Node's own default place below /tmp, where others may write first.
  const compiled = fileURLToPath(new URL('node_modules/.cache/compiled', root));
  const node = fileURLToPath(new URL('node_modules/.bin/node', root));
  if (process.versions.node === (await pinnedVersion(root))) {
    module.enableCompileCache(compiled);
    process.argv = [process.execPath, file, ...given];
    await import(pathToFileURL(file).href);
    return;
  }
  const child = spawn(node, [file, ...given], {
    stdio: 'inherit',
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  /** @type {NodeJS.Signals[]} */
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];
  for (const name of forwarded) process.on(name, () => child.kill(name));
  child.once('error', (cause) => {
    console.error(
      new BootstrapFault(
        `${node} does not start: ${cause.message}`,
        'delete node_modules and start again',
      ).toString(),
    );
    process.exitCode = 1;
  });
  child.once('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}

/** @param {URL} root */
async function pinnedVersion(root) {
  const manifest = JSON.parse(await readFile(new URL('package.json', root), 'utf8'));
  return manifest.devDependencies[`node-linux-${process.arch}`];
}
