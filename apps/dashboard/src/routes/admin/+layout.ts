import { error } from '@sveltejs/kit';
import { signedInOrRedirect } from '#lib/session/guard.ts';

export const load = async ({ url }: { url: URL }) => {
  const me = await signedInOrRedirect(url);
  if (!me.is_admin) error(403, 'these pages are for administrators of the platform');
  return { me };
};
