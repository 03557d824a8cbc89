import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { run } from '../process/run.ts';
import { hashInputs } from './content-hash.ts';
import { makeDebianRoot } from './debian-root.ts';
import { makeExt4 } from './ext4.ts';
import { debianRecipe, readRecipe, readRecipeFile, recipesDirectory, rootfsRecipe } from './recipe.ts';
import { hashSparseFile } from './sparse-hash.ts';
import type { Build } from './store.ts';

const facts = z.object({ sizeMiB: z.number(), hash: z.string() });
export type RootfsFacts = z.output<typeof facts>;

/** Raised when this file makes something else of the same recipe. */
const format = 1;
const customizeTimeoutMs = 120_000;

/** `rootfs.ext4` of `images/<name>/`: Debian packages, then the recipe's `customize` script. */
export async function rootfsBuild(
  name: string,
  certificates: readonly string[],
): Promise<Build<RootfsFacts>> {
  const debian = await readRecipe('debian.json', debianRecipe);
  const { recipe, text } = await readRecipe(`${name}/recipe.json`, rootfsRecipe);
  const customize = await readRecipeFile(`${name}/customize`);
  return {
    name,
    hash: hashInputs({
      format: `${format}`,
      debian: debian.text,
      recipe: text,
      customize,
      certificates: certificates.join(''),
    }),
    facts,
    async make({ directory, scratch, note, signal }) {
      const { suite } = debian.recipe;
      note(`installing Debian ${suite} with ${recipe.packages.length} packages`);
      const tree = join(scratch, 'root');
      const dpkgOptions = [
        ...recipe.leaveOut.map((path) => `path-exclude=${path}`),
        ...recipe.keep.map((path) => `path-include=${path}`),
      ];
      await makeDebianRoot(
        { suite, kind: 'installed', packages: recipe.packages, dpkgOptions },
        tree,
        signal,
      );
      await addCertificates(tree, certificates);
      await run(['sh', join(recipesDirectory, name, 'customize'), tree], {
        signal,
        timeoutMs: customizeTimeoutMs,
      });
      note('writing the file system');
      const path = join(directory, 'rootfs.ext4');
      await makeExt4({ tree, path, sizeMiB: recipe.sizeMiB, label: 'wrenn-root', use: 'writable' }, signal);
      return { sizeMiB: recipe.sizeMiB, hash: await hashSparseFile(path, signal) };
    },
  };
}

/** Puts them where `update-ca-certificates` looks; the recipe's script calls it. */
async function addCertificates(tree: string, certificates: readonly string[]): Promise<void> {
  const directory = join(tree, 'usr/local/share/ca-certificates');
  await mkdir(directory, { recursive: true });
  for (const [index, pem] of certificates.entries()) {
    await writeFile(join(directory, `wrenn-host-${index + 1}.crt`), pem, { mode: 0o644 });
  }
}
