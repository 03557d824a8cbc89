import { copyFile, cp, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { WrennError } from '@wrenn/core';
import { z } from 'zod';
import { hashInputs } from './content-hash.ts';
import { makeDebianRoot } from './debian-root.ts';
import { debianRecipe, kernelRecipe, readRecipe } from './recipe.ts';
import type { Build, BuildPlace } from './store.ts';

const facts = z.object({ kernelVersion: z.string() });
export type PartsFacts = z.output<typeof facts>;

/** Raised when this file makes something else of the same recipe. */
const format = 2;

/**
 * What the kernel and the runtime drive take from Debian packages: `vmlinuz`, `modules/`, `busybox`, `tini`, `socat`
 * and `lib/`. Kept, so that a new envd costs no download.
 */
export async function partsBuild(): Promise<Build<PartsFacts>> {
  const debian = await readRecipe('debian.json', debianRecipe);
  const kernel = await readRecipe('kernel/recipe.json', kernelRecipe);
  return {
    name: 'parts',
    hash: hashInputs({ format: `${format}`, debian: debian.text, kernel: kernel.text }),
    facts,
    async make(place) {
      const { suite, packages } = debian.recipe;
      place.note(`fetching the kernel and libraries of Debian ${suite}`);
      const root = join(place.scratch, 'root');
      await makeDebianRoot({ suite, kind: 'unpacked', packages }, root, place.signal);
      const kernelVersion = await takeKernel(root, place.directory);
      await takeModules(
        join(root, 'lib/modules', kernelVersion),
        place.directory,
        kernel.recipe.modules.map((module) => module.name),
      );
      await takePrograms(root, place);
      return { kernelVersion };
    },
  };
}

async function takeKernel(root: string, directory: string): Promise<string> {
  const [name, ...others] = (await readdir(join(root, 'boot'))).filter((file) => file.startsWith('vmlinuz-'));
  if (name === undefined || others.length > 0) {
    throw new WrennError('internal_error', 'the kernel package has not exactly one kernel');
  }
  await copyFile(join(root, 'boot', name), join(directory, 'vmlinuz'));
  return name.slice('vmlinuz-'.length);
}

async function takeModules(from: string, directory: string, names: readonly string[]): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  await mkdir(join(directory, 'modules'));
  for (const name of names) {
    const entry = entries.find(({ name: file }) => file === `${name}.ko`);
    if (entry === undefined) throw new WrennError('internal_error', `the kernel has no module ${name}`);
    await copyFile(join(entry.parentPath, entry.name), join(directory, 'modules', entry.name));
  }
}

async function takePrograms(root: string, { directory }: BuildPlace): Promise<void> {
  await copyFile(join(root, 'bin/busybox'), join(directory, 'busybox'));
  await copyFile(join(root, 'usr/bin/tini-static'), join(directory, 'tini'));
  await copyFile(join(root, 'usr/bin/socat'), join(directory, 'socat'));
  await mkdir(join(directory, 'lib'));
  // Before they are installed, packages may still keep libraries in either of the two.
  for (const place of ['lib', 'usr/lib']) {
    const from = join(root, place, 'x86_64-linux-gnu');
    for (const name of await readdir(from)) {
      if (!/^(lib.+|ld-linux-.+)\.so\.[\d.]+$/.test(name)) continue;
      // A name like libm.so.6 may be a link to a longer one; the copy is the file itself.
      await cp(join(from, name), join(directory, 'lib', name), { dereference: true });
    }
  }
}
