import type { paths } from '#api';
import { answered, api, type Schemas } from '#lib/api/client.ts';
import type { PageOf } from '#lib/api/paged.svelte.ts';
import type { CapsuleArea } from '#lib/capsules/capsule.ts';
import { type NewBuild, type SendProgress, submitBuild } from './submit.ts';

export type Build = Schemas['Build'];
export type BuildCalls = ReturnType<typeof buildCalls>;

type BuildPath = Extract<keyof paths, `/v1/builds${string}`>;

/** Rows of one page of the list. */
const pageSize = 50;

/** The calls on builds of one area: the routes are the same, and lie at two places. */
function buildCalls(area: CapsuleArea) {
  const on = (id: string) => ({ params: { path: { id } } });
  const at = <Path extends BuildPath>(path: Path): Path =>
    area === 'team' ? path : (path.replace('/v1/', '/v1/admin/') as Path);
  const listHref = `${area === 'team' ? '/dashboard' : '/admin'}/builds`;
  return {
    area,
    listHref,
    href: (id: string) => `${listHref}/${id}`,
    newHref: (from?: string) => `${listHref}/new${from === undefined ? '' : `?from=${from}`}`,

    list: async (after: string | undefined, signal: AbortSignal): Promise<PageOf<Build, string>> => {
      const query = { limit: pageSize, ...(after === undefined ? {} : { after }) };
      const items = await answered(api.GET(at('/v1/builds'), { params: { query }, signal }));
      return { items, next: items.length < pageSize ? undefined : items.at(-1)?.id };
    },
    get: (id: string, signal?: AbortSignal) =>
      answered(api.GET(at('/v1/builds/{id}'), { ...on(id), ...(signal === undefined ? {} : { signal }) })),
    cancel: (id: string) => answered(api.POST(at('/v1/builds/{id}/cancel'), on(id))),
    /** Where the log is told as it grows, from the entry after `after` on. */
    logPath: (id: string, after: number) => `${at('/v1/builds')}/${id}/logs?after=${after}`,
    submit: (
      build: NewBuild,
      archive: File | undefined,
      onProgress: (progress: SendProgress) => void,
      signal: AbortSignal,
    ) => submitBuild(at('/v1/builds'), { build, archive, onProgress }, signal),
  };
}

export const teamBuilds = buildCalls('team');
export const platformBuilds = buildCalls('admin');

export function isOver({ status }: Pick<Build, 'status'>): boolean {
  return status !== 'pending' && status !== 'running';
}
