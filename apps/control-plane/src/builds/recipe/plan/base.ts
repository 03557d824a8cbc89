import { namePattern } from '@wrenn/core';
import { referencePattern } from '../../../templates/reference.ts';
import type { RecipeFormat } from '../instruction.ts';

/** What a stage starts from, outside the recipe. */
export type NamedBase =
  | { readonly kind: 'template'; readonly name: string }
  | { readonly kind: 'image'; readonly reference: string };

const templateMark = 'template:';
const maxReference = 512;

/**
 * A name as FROM and `--from` have it; undefined when it can be neither. `template:NAME` is a template everywhere.
 * In a recipe so is a name that says nothing of a registry, a tag or a digest; in a Dockerfile all else is an image.
 */
export function baseOf(name: string, format: RecipeFormat): NamedBase | undefined {
  if (name.startsWith(templateMark)) {
    const template = name.slice(templateMark.length);
    return referencePattern.test(template) ? { kind: 'template', name: template } : undefined;
  }
  if (format === 'recipe' && !/[/:@.]/.test(name)) {
    return namePattern.test(name) ? { kind: 'template', name } : undefined;
  }
  return name.length <= maxReference && /^[A-Za-z0-9][!-~]*$/.test(name)
    ? { kind: 'image', reference: name }
    : undefined;
}
