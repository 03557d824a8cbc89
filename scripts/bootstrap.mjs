// The first thing that runs on a machine: any Node from 20 on, no dependencies installed yet.
//
//   node scripts/bootstrap.mjs [--root] ENTRY.ts [ARGUMENT...]
//
// Installs the dependencies when they are not those of package-lock.json, then runs ENTRY under the Node that the
// lock file pins. `--root` refuses to start, before anything is installed, without root.
import { BootstrapFault } from './bootstrap/fault.mjs';
import { ensureDependencies } from './bootstrap/install.mjs';
import { runEntry } from './bootstrap/run-entry.mjs';

const oldestNode = 20;

/** @param {readonly string[]} given */
async function bootstrap(given) {
  const needsRoot = given[0] === '--root';
  const [entry, ...rest] = needsRoot ? given.slice(1) : given;
  if (entry === undefined) {
    throw new BootstrapFault(
      'nothing to run',
      'usage: node scripts/bootstrap.mjs [--root] ENTRY.ts [ARGUMENT...]',
    );
  }
  if (process.platform !== 'linux') {
    throw new BootstrapFault(`Wrenn runs on Linux, not on ${process.platform}`, 'use a Debian 12 machine');
  }
  if (Number.parseInt(process.versions.node, 10) < oldestNode) {
    throw new BootstrapFault(
      `Node ${process.versions.node} is too old`,
      `install Node ${oldestNode} or later; the right one is then fetched by itself`,
    );
  }
  if (needsRoot && process.getuid?.() !== 0) {
    throw new BootstrapFault(
      'not root: virtual machines, namespaces and cgroups need it',
      'run the same command with sudo',
    );
  }
  const root = new URL('..', import.meta.url);
  await ensureDependencies(root);
  await runEntry(root, entry, rest);
}

bootstrap(process.argv.slice(2)).catch((thrown) => {
  console.error(thrown instanceof BootstrapFault ? thrown.toString() : thrown);
  process.exitCode = 1;
});
