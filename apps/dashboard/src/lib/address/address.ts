import { goto } from '$app/navigation';
import { page } from '$app/state';

/** Shows the same page with another query, in place of the one before: filters and ranges leave no trail of steps. */
export async function replaceSearch(search: string): Promise<void> {
  await goto(search === '' ? page.url.pathname : `?${search}`, { replace: true, reset: false });
}

/** Changes some of the query of the page's address, so that it can be shared and come back to; an empty value is left out. */
export async function setQuery(changes: Readonly<Record<string, string | readonly string[]>>): Promise<void> {
  const query = new URLSearchParams(page.url.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of [value].flat()) if (one !== '') query.append(name, one);
  }
  await replaceSearch(query.toString());
}
