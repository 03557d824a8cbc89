import { session } from '#lib/session/session.svelte.ts';

/** Who is signed in, if anybody: what the page offers depends on it. */
export const load = async () => ({ me: await session.load() });
