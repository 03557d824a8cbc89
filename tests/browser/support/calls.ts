import { expect, inject } from 'vitest';
import { forgetTeamLimits } from '../../../apps/control-plane/src/teams/testing/forget-team-limits.ts';
import { type Visit, type Visited, visit } from './page.ts';

/** A call of the API as the page's own person. */
export async function call(
  { context, url }: Visited,
  method: string,
  path: string,
  data?: unknown,
): Promise<unknown> {
  const answer = await context.request.fetch(path, {
    method,
    headers: { origin: url },
    ...(data === undefined ? {} : { data }),
  });
  const body = await answer.text();
  expect(answer.ok(), `${method} ${path}: ${body}`).toBe(true);
  return body === '' ? undefined : JSON.parse(body);
}

/** Opens a page in a team that nobody else works in: what is done in it disturbs no other test. */
export async function visitInNewTeam(
  path: string,
  name: string,
  as: Visit = { as: 'ada@localhost' },
): Promise<Visited & { readonly teamId: string }> {
  await using held = new AsyncDisposableStack();
  const visited = held.use(await visit('/wren.svg', as));
  await forgetTeamLimits(inject('dashboard').databaseUrl);
  const { id } = (await call(visited, 'POST', '/v1/teams', { name })) as { readonly id: string };
  await switchTo(visited, id, path);
  return { ...visited, teamId: id, ...owned(held) };
}

export interface MemberVisited extends Visited {
  readonly teamId: string;
  /** Ada, who is signed in beside. */
  readonly owner: Visited;
}

/** The same as a member of a team of Ada's, which may do less than she. */
export async function visitAsMember(path: string, name: string): Promise<MemberVisited> {
  await using held = new AsyncDisposableStack();
  const owner = held.use(await visitInNewTeam('/wren.svg', name));
  const { teamId } = owner;
  await call(owner, 'POST', `/v1/teams/${teamId}/members`, { email: 'ben@localhost', role: 'member' });
  const visited = held.use(await visit('/wren.svg', { as: 'ben@localhost' }));
  await switchTo(visited, teamId, path);
  return { ...visited, teamId, owner, ...owned(held) };
}

async function switchTo(visited: Visited, teamId: string, path: string): Promise<void> {
  await call(visited, 'POST', '/v1/auth/switch-team', { team_id: teamId });
  await visited.page.goto(path);
}

/** What was held while it was made belongs to whoever gets it. */
function owned(held: AsyncDisposableStack): AsyncDisposable {
  const kept = held.move();
  return { [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
