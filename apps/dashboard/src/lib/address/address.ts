import { goto } from '$app/navigation';
import { page } from '$app/state';

/** Changes the query of the page's address, so that it can be shared and come back to; an empty value is left out. */
export async function setQuery(changes: Readonly<Record<string, string | readonly string[]>>): Promise<void> {
  const query = new URLSearchParams(page.url.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of [value].flat()) if (one !== '') query.append(name, one);
  }
  const text = query.toString();
  await goto(text === '' ? page.url.pathname : `?${text}`, { replaceState: true, reset: false });
}
