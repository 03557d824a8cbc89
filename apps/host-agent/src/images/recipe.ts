import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { WrennError } from '@wrenn/core';
import { z } from 'zod';

/** The project's images/ folder. */
export const recipesDirectory = resolve(import.meta.dirname, '../../../../images');

const packages = z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/)).min(1);
const fileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._+-]*$/);

export const debianRecipe = z.strictObject({
  suite: z.string().regex(/^[a-z]+$/),
  /** Raised by hand to have everything that comes from Debian made anew, with its newest packages. */
  revision: z.int().positive(),
  /** What the kernel and the runtime drive are taken from. */
  packages,
});

export const kernelRecipe = z.strictObject({
  /** In load order. */
  modules: z.array(z.strictObject({ need: z.enum(['required', 'optional']), name: fileName })).min(1),
});

export const runtimeRecipe = z.strictObject({
  loader: fileName,
  /** Room beyond the files, for the file system's own tables. */
  freeMiB: z.int().positive(),
});

export const rootfsRecipe = z.strictObject({
  sizeMiB: z.int().min(512),
  packages,
  /** Paths that dpkg does not unpack, now and when the user installs more; `keep` are exceptions. */
  leaveOut: z.array(z.string().startsWith('/')),
  keep: z.array(z.string().startsWith('/')),
});

/** A recipe file's content and its text, which goes into the hash. Throws `internal_error` naming what is wrong. */
export async function readRecipe<T extends z.ZodType>(
  path: string,
  schema: T,
): Promise<{ recipe: z.output<T>; text: string }> {
  const text = await readFile(join(recipesDirectory, path), 'utf8');
  try {
    return { recipe: schema.parse(JSON.parse(text)), text };
  } catch (cause) {
    throw new WrennError('internal_error', `images/${path} is not a recipe`, { cause });
  }
}

export async function readRecipeFile(path: string): Promise<Buffer> {
  return await readFile(join(recipesDirectory, path));
}
