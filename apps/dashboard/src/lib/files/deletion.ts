import type { Question } from '#lib/confirm/confirm.svelte.ts';
import { notices } from '#lib/notices/notices.svelte.ts';
import type { FileEntry } from './capsule-files.ts';
import type { FolderView } from './folder-view.svelte.ts';
import { shortened } from './name-question.ts';

/** Asks before entries of a folder are deleted; those that are gone before one fails stay so, and the list shows it. */
export function deletion(folder: FolderView, entries: readonly FileEntry[], onDone: () => void): Question {
  const [first] = entries;
  const isOne = entries.length === 1 && first !== undefined;
  const holdsFolders = entries.some(
    ({ type, symlink_target }) => type === 'directory' && symlink_target === undefined,
  );
  const names = entries.slice(0, 5).map(({ name }) => shortened(name));
  const others = entries.length > names.length ? ` and ${entries.length - names.length} more` : '';
  return {
    title: isOne ? `Delete ${shortened(first.name)}?` : `Delete ${entries.length} entries?`,
    text: `${names.join(', ')}${others}${holdsFolders ? ', with all that is in the folders' : ''}. This cannot be undone.`,
    action: 'Delete',
    deed: async () => {
      try {
        for (const { path } of entries) await folder.files.remove(path);
        notices.done(isOne ? `${shortened(first.name)} is deleted` : `${entries.length} entries are deleted`);
        onDone();
      } finally {
        await folder.read();
      }
    },
  };
}
