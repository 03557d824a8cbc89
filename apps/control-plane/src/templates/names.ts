import { randomBytes } from 'node:crypto';
import { namePattern, parseId, type SnapshotId, type TemplateId, WrennError } from '@wrenn/core';

/** `prefix-` and eight hexadecimal digits, for what nobody named. */
export function generatedName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

/** The snapshot ID that a text is, where it is one: whatever names a template may be the one or the other. */
export function asSnapshotId(text: string): SnapshotId | undefined {
  return orUndefined(() => parseId('snapshot', text));
}

/** The same for the ID of a template. */
export function asTemplateId(text: string): TemplateId | undefined {
  return orUndefined(() => parseId('template', text));
}

function orUndefined<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (thrown) {
    if (thrown instanceof WrennError) return undefined;
    throw thrown;
  }
}

/** What can be a new template's name. One that reads as an ID would hide the template that has this ID. */
export function isFreeForm(name: string): boolean {
  return namePattern.test(name) && asSnapshotId(name) === undefined && asTemplateId(name) === undefined;
}
