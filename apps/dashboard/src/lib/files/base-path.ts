import type { CapsuleView } from '#lib/capsules/capsule-view.svelte.ts';

/** The path of the capsule in the API, for what its typed client does not do: bodies and sockets. */
export function basePath({ id, calls }: Pick<CapsuleView, 'id' | 'calls'>): string {
  return `/v1${calls.area === 'team' ? '' : '/admin'}/capsules/${encodeURIComponent(id)}`;
}
