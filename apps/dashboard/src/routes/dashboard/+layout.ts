import { signedInOrRedirect } from '#lib/session/guard.ts';

export const load = async ({ url }: { url: URL }) => ({ me: await signedInOrRedirect(url) });
