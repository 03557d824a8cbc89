import { confirming } from '#lib/confirm/confirm.svelte.ts';
import { notices } from '#lib/notices/notices.svelte.ts';
import type { Build, BuildCalls } from './calls.ts';

/** Asks, and ends a build that is not over. */
export function askToCancel(calls: BuildCalls, { id, name }: Build, onCancelled: () => Promise<void>): void {
  confirming.ask({
    title: `Cancel the build of ${name}?`,
    text: 'Its capsule goes, and no template is made. The steps that were done are kept for the next.',
    action: 'Cancel the build',
    deed: async () => {
      await calls.cancel(id);
      notices.done(`The build of ${name} is cancelled`);
      await onCancelled();
    },
  });
}
