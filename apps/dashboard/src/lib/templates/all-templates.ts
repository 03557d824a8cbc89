import { answered, api, type Schemas } from '#lib/api/client.ts';

const pageSize = 200;
/** Beyond this many versions the rest is left out: names can be typed. */
const mostPages = 20;

/** All versions of all templates that can be seen, newest first. */
export async function allTemplates(
  filter: { readonly visibility?: 'team' | 'public'; readonly type?: 'base' | 'snapshot' },
  signal: AbortSignal,
): Promise<readonly Schemas['Template'][]> {
  const all: Schemas['Template'][] = [];
  for (let pages = 0; pages < mostPages; pages += 1) {
    const after = all.at(-1)?.id;
    const query = { ...filter, limit: pageSize, ...(after === undefined ? {} : { after }) };
    const page = await answered(api.GET('/v1/templates', { params: { query }, signal }));
    all.push(...page);
    if (page.length < pageSize) break;
  }
  return all;
}
