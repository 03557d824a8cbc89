import { WrennError } from '@wrenn/core';
import { describe, expect, it } from 'vitest';
import { debianRecipe, kernelRecipe, readRecipe, rootfsRecipe, runtimeRecipe } from './recipe.ts';

describe('readRecipe', () => {
  it.each([
    ['debian.json', debianRecipe],
    ['kernel/recipe.json', kernelRecipe],
    ['runtime/recipe.json', runtimeRecipe],
    ['minimal/recipe.json', rootfsRecipe],
  ])('reads images/%s', async (path, schema) => {
    const { text } = await readRecipe(path, schema);
    expect(text).not.toBe('');
  });

  it('names the file that is not a recipe', async () => {
    await expect(readRecipe('debian.json', kernelRecipe)).rejects.toThrow(
      new WrennError('internal_error', 'images/debian.json is not a recipe'),
    );
  });
});

describe('the kernel recipe', () => {
  it('loads virtio_ring before virtio, since no other driver loads otherwise', async () => {
    const { recipe } = await readRecipe('kernel/recipe.json', kernelRecipe);
    const names = recipe.modules.map((module) => module.name);
    expect(names.indexOf('virtio_ring')).toBeLessThan(names.indexOf('virtio'));
  });
});
