import { redirect } from '@sveltejs/kit';
import { ApiFault } from '#lib/api/fault.ts';
import { nextPage } from '#lib/session/next.ts';
import { session } from '#lib/session/session.svelte.ts';

/** Whoever is signed in goes on; one whose session was lost on the page before has come to sign in. */
export const load = async ({ url }: { url: URL }) => {
  if (session.isLost) return {};
  try {
    if ((await session.load()) === undefined) return {};
  } catch (thrown) {
    // What is wrong with the server is told when the form is sent.
    if (thrown instanceof ApiFault) return {};
    throw thrown;
  }
  redirect(307, nextPage(url));
};
