import { goto } from '$app/navigation';

/** Shows the same page with another query, in place of the one before: filters and ranges leave no trail of steps. */
export async function replaceSearch(search: string): Promise<void> {
  await goto(`?${search}`, { replace: true, reset: false });
}
