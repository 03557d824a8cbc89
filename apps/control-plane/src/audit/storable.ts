import type { Happening } from './happening.ts';

/** As PostgreSQL can keep it: text without NUL or broken Unicode, and nothing that JSON has not. */
export function storableHappening({
  actor,
  metadata = {},
  personal = {},
  ...happening
}: Happening): Happening {
  return {
    ...happening,
    actor: { ...actor, name: storableText(actor.name) },
    metadata: storable(metadata),
    personal: storable(personal),
  };
}

function storable<T extends object>(value: T): T {
  return clean(JSON.parse(JSON.stringify(value))) as T;
}

function clean(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [storableText(key), clean(each)]));
}

function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
