import { randomBytes } from 'node:crypto';

/** Whether the file that the draft becomes is there already. */
export type DraftKind = 'new' | 'over';

/**
 * The name of a file whose content is still on its way, beside the file that it becomes. Hidden, and of a form that
 * watchers know: they report the file that it becomes and never the draft. One that outlives a killed daemon is what
 * came until then, and can be removed.
 */
export function newDraftName(kind: DraftKind): string {
  return `.wrenn-${kind}-${randomBytes(8).toString('hex')}.upload`;
}

/** The kind of the draft of this name, or undefined for any other file. */
export function draftKindOf(name: string): DraftKind | undefined {
  const kind = /^\.wrenn-(new|over)-[0-9a-f]{16}\.upload$/.exec(name)?.[1];
  return kind === 'new' || kind === 'over' ? kind : undefined;
}
