import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { hashInputs } from './content-hash.ts';
import { makeInitrd } from './initrd.ts';
import type { PartsFacts } from './parts.ts';
import { kernelRecipe, readRecipe, readRecipeFile } from './recipe.ts';
import type { Artifact, Build, BuildPlace } from './store.ts';
import { unpackKernel } from './vmlinux.ts';

const facts = z.object({ version: z.string(), hash: z.string() });
export type KernelFacts = z.output<typeof facts>;

/** Raised when this file makes something else of the same recipe. */
const format = 2;

/** `vmlinuz`, the same unpacked as `vmlinux`, and `initrd`; `facts.hash` is of their contents. */
export async function kernelBuild(
  parts: Build<PartsFacts>,
  getParts: (place: BuildPlace) => Promise<Artifact<PartsFacts>>,
): Promise<Build<KernelFacts>> {
  const { recipe, text } = await readRecipe('kernel/recipe.json', kernelRecipe);
  const init = await readRecipeFile('kernel/init');
  return {
    name: 'kernel',
    hash: hashInputs({ format: `${format}`, parts: parts.hash, recipe: text, init }),
    facts,
    async make(place) {
      const { directory: from, facts: known } = await getParts(place);
      const modules = await Promise.all(
        recipe.modules.map(async ({ need, name }) => ({
          need,
          name,
          content: await readFile(join(from, 'modules', `${name}.ko`)),
        })),
      );
      const initrd = makeInitrd({ init, busybox: await readFile(join(from, 'busybox')), modules });
      await writeFile(join(place.directory, 'initrd'), initrd);
      await copyFile(join(from, 'vmlinuz'), join(place.directory, 'vmlinuz'));
      await unpackKernel(join(from, 'vmlinuz'), join(place.directory, 'vmlinux'), place.signal);
      const vmlinuz = await readFile(join(from, 'vmlinuz'));
      return { version: known.kernelVersion, hash: hashInputs({ vmlinuz, initrd }) };
    },
  };
}
