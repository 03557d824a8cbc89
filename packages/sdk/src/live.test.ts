import { expect, test } from 'vitest';
import { WrennClient } from './client.ts';

/** A client whose server answers everything with `body`, and the paths that it was asked for. */
function clientOf(body: string) {
  const paths: string[] = [];
  const fetch: typeof globalThis.fetch = async (input) => {
    const { pathname, search } = new URL(new Request(input).url);
    paths.push(`${pathname}${search}`);
    return new Response(body);
  };
  return { client: new WrennClient({ baseUrl: 'http://127.0.0.1:9', apiKey: 'wrn_x', fetch }), paths };
}

test('what changes is told by kind, without the comments in between', async () => {
  const { client, paths } = clientOf(
    'id: 1\nevent: open\ndata: {"team":"team-1","heartbeat_ms":15000}\n\n: beat\n\n' +
      'id: 2\nevent: capsule\ndata: {"action":"removed","id":"cl-1","team_id":"team-1"}\n\n',
  );
  const events = [];
  for await (const event of client.live.follow()) events.push(event);
  expect(events).toEqual([
    { type: 'open', team: 'team-1', heartbeatMs: 15_000 },
    { type: 'capsule', action: 'removed', id: 'cl-1', teamId: 'team-1' },
  ]);
  for await (const { type } of client.platformLive.follow()) expect(type).toMatch(/open|capsule/);
  expect(paths).toEqual(['/v1/live', '/v1/admin/live']);
});

test('a list is asked for by what was given', async () => {
  const { client, paths } = clientOf('[]');
  await client.capsules.list({
    q: 'a b',
    status: ['running', 'paused'],
    sort: 'last_active',
    order: 'asc',
    limit: 5,
  });
  await client.capsules.counts({ template: 'minimal' });
  await client.capsules.operations('cl-1');
  expect(paths).toEqual([
    '/v1/capsules?q=a+b&status=running&status=paused&sort=last_active&order=asc&limit=5',
    '/v1/capsules/counts?template=minimal',
    '/v1/capsules/cl-1/operations',
  ]);
});
