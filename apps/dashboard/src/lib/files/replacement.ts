import type { Question } from '#lib/confirm/confirm.svelte.ts';
import type { FileEntry } from './capsule-files.ts';
import { shortened } from './name-question.ts';

/** Asks before something is sent to where its name is taken; undefined where none is. */
export function replacement(
  names: readonly string[],
  entries: readonly FileEntry[],
  begin: () => void,
): Question | undefined {
  const there = new Set(entries.map(({ name }) => name));
  const replaced = names.filter((name) => there.has(name));
  if (replaced.length === 0) return undefined;
  const shown = replaced.slice(0, 5).map(shortened).join(', ');
  const others = replaced.length > 5 ? ` and ${replaced.length - 5} more` : '';
  return {
    title: 'Replace what is there?',
    text: `${shown}${others} ${replaced.length === 1 ? 'is' : 'are'} in this folder already.`,
    action: 'Replace',
    deed: async () => begin(),
  };
}
