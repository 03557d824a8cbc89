import { namePattern, type SnapshotId, type TemplateId } from '@wrenn/core';
import { asSnapshotId, asTemplateId } from './names.ts';

/** How people say which version of a template they mean. */
export type TemplateReference =
  | { readonly kind: 'template'; readonly id: TemplateId }
  | { readonly kind: 'snapshot'; readonly id: SnapshotId }
  | {
      readonly kind: 'name';
      /** The slug of the team that it is of; without one it is the caller's or the platform's. */
      readonly team: string | undefined;
      readonly name: string;
      readonly tag: string | undefined;
    };

export const usualTag = 'default';

const word = namePattern.source.slice(1, -1);
/** `name`, `name:tag`, `team/name` and `team/name:tag`; an ID looks like a name. */
export const referencePattern = new RegExp(`^(?:${word}/)?${word}(?::${word})?$`);
/** The same without a tag: a template with all its versions. */
export const familyPattern = new RegExp(`^(?:${word}/)?${word}$`);

/** Undefined for what can be no reference. */
export function parseReference(text: string): TemplateReference | undefined {
  if (!referencePattern.test(text)) return undefined;
  const snapshot = asSnapshotId(text);
  if (snapshot !== undefined) return { kind: 'snapshot', id: snapshot };
  const template = asTemplateId(text);
  if (template !== undefined) return { kind: 'template', id: template };
  const [named = '', tag] = text.split(':');
  const slash = named.indexOf('/');
  const team = slash === -1 ? undefined : named.slice(0, slash);
  return { kind: 'name', team, name: named.slice(slash + 1), tag };
}
