import { error, redirect } from '@sveltejs/kit';
import { asFault } from '#lib/api/fault.ts';
import { signInPage } from './next.ts';
import { type Me, session } from './session.svelte.ts';

/** Who is signed in; else leads to the sign-in, which leads back here. */
export async function signedInOrRedirect(url: URL): Promise<Me> {
  let me: Me | undefined;
  try {
    me = await session.load();
  } catch (thrown) {
    const { message, status } = asFault(thrown);
    error(status === 0 ? 503 : status, message);
  }
  if (me === undefined) redirect(307, signInPage(url));
  return me;
}
