import type { Schemas } from '#lib/api/client.ts';

/** The ID of `minimal`, in every installation. */
const builtIn = 'tpl-0000000000000000000000000';

/** Why an administrator cannot delete a template; undefined where they can. */
export function deleteWhy({
  id,
  platform,
}: Pick<Schemas['AdminTemplate'], 'id' | 'platform'>): string | undefined {
  if (!platform) return 'Only its team deletes it.';
  return id === builtIn ? 'It is a part of every installation.' : undefined;
}
