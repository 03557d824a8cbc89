import type { paths } from '#api';
import { answered, api, type Schemas } from '#lib/api/client.ts';
import type { PageOf } from '#lib/api/paged.svelte.ts';
import { areaPath, type SharedPath } from './area-path.ts';
import type { Capsule, CapsuleArea } from './capsule.ts';
import type { ListQuery } from './list-query.ts';

export type NewCapsule = paths['/v1/capsules']['post']['requestBody']['content']['application/json'];
export type MetricsRange = Schemas['CapsuleMetrics']['range'];
export type CapsuleCalls = ReturnType<typeof capsuleCalls>;

/** Rows of the first page of the list, which is waited for, and of those that come as one scrolls. */
const firstPage = 100;
const laterPage = 1_000;
/** A person who presses twice, or whose connection breaks, gets what the first press made. */
const once = (key: string) => ({ 'idempotency-key': key });

/** The calls on capsules of one area: the routes are the same, and lie at two places. */
export function capsuleCalls(area: CapsuleArea) {
  const on = (id: string) => ({ params: { path: { id } } });
  const at = <Path extends SharedPath>(path: Path) => areaPath(area, path);
  return {
    area,
    /** The page of a capsule. */
    href: (id: string) => `${area === 'team' ? '/dashboard' : '/admin'}/capsules/${id}`,
    listHref: `${area === 'team' ? '/dashboard' : '/admin'}/capsules`,

    list: async (
      query: ListQuery,
      cursor: string | undefined,
      signal: AbortSignal,
    ): Promise<PageOf<Capsule, string>> => {
      const asked = {
        ...query,
        limit: cursor === undefined ? firstPage : laterPage,
        ...(cursor === undefined ? {} : { cursor }),
      };
      const call = await api.GET(at('/v1/capsules'), { params: { query: asked }, signal });
      const items = await answered(Promise.resolve(call));
      return { items, next: call.response.headers.get('x-next-cursor') ?? undefined };
    },
    counts: ({ q, template }: ListQuery, signal: AbortSignal) =>
      answered(
        api.GET(at('/v1/capsules/counts'), {
          params: {
            query: { ...(q === undefined ? {} : { q }), ...(template === undefined ? {} : { template }) },
          },
          signal,
        }),
      ),
    stats: (range: Schemas['CapsuleStats']['range'], signal: AbortSignal) =>
      answered(api.GET(at('/v1/capsules/stats'), { params: { query: { range } }, signal })),
    get: (id: string, signal: AbortSignal) =>
      answered(api.GET(at('/v1/capsules/{id}'), { ...on(id), signal })),
    metrics: (id: string, range: MetricsRange, signal: AbortSignal) =>
      answered(
        api.GET(at('/v1/capsules/{id}/metrics'), { params: { path: { id }, query: { range } }, signal }),
      ),

    operations: (id: string, signal: AbortSignal) =>
      answered(api.GET(at('/v1/capsules/{id}/operations'), { ...on(id), signal })),

    create: (body: NewCapsule, key: string) =>
      answered(api.POST(at('/v1/capsules'), { params: { header: once(key) }, body })),
    pause: (id: string) => answered(api.POST(at('/v1/capsules/{id}/pause'), { ...on(id), body: {} })),
    resume: (id: string) => answered(api.POST(at('/v1/capsules/{id}/resume'), { ...on(id), body: {} })),
    fork: (id: string, count: number, key: string) =>
      answered(
        api.POST(at('/v1/capsules/{id}/fork'), {
          params: { path: { id }, header: once(key) },
          body: { count },
        }),
      ),
    checkpoint: (id: string, name: string, key: string) =>
      answered(
        api.POST(at('/v1/capsules/{id}/checkpoint'), {
          params: { path: { id }, header: once(key) },
          body: name === '' ? {} : { name },
        }),
      ),
    snapshot: (id: string, name: string, key: string) => {
      const body = name === '' ? {} : { name };
      return area === 'team'
        ? answered(
            api.POST('/v1/snapshots', { params: { header: once(key) }, body: { sandbox_id: id, ...body } }),
          )
        : answered(
            api.POST('/v1/admin/capsules/{id}/snapshot', {
              params: { path: { id }, header: once(key) },
              body,
            }),
          );
    },
    destroy: (id: string) => answered(api.DELETE(at('/v1/capsules/{id}'), on(id))),

    access: (id: string, signal: AbortSignal) =>
      answered(api.GET(at('/v1/capsules/{id}/access'), { ...on(id), signal })),
    setAccess: (id: string, change: { readonly public_ports?: boolean; readonly revoke?: boolean }) =>
      answered(api.POST(at('/v1/capsules/{id}/access'), { ...on(id), body: { revoke: false, ...change } })),
    ports: async (id: string, signal: AbortSignal) =>
      (await answered(api.GET(at('/v1/capsules/{id}/ports'), { ...on(id), signal }))).ports,
    link: (id: string, port: number, expiresInSec: number) =>
      answered(
        api.POST(at('/v1/capsules/{id}/ports/{port}/link'), {
          params: { path: { id, port } },
          body: { expires_in_sec: expiresInSec },
        }),
      ),
  };
}
