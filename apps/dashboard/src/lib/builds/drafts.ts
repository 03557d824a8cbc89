import { BuildDraft } from './build-draft.svelte.ts';
import type { BuildCalls } from './calls.ts';

const drafts = new Map<BuildCalls['area'], BuildDraft>();

/** What was typed before and not handed in: who looks at something else meanwhile finds it again. */
export function draftOf(area: BuildCalls['area']): BuildDraft {
  const draft = drafts.get(area) ?? new BuildDraft();
  drafts.set(area, draft);
  return draft;
}

export function dropDraft(area: BuildCalls['area']): void {
  drafts.delete(area);
}
